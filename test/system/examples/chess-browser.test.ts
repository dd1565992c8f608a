import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Locator, Page, Route } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeBrowser } from "../../support/browser.ts";
import { address, start, stop } from "./chess-server.ts";

const folder = mkdtempSync(join(tmpdir(), "nightbus-chess-"));
const DATABASE = join(folder, "chess.db");

describeBrowser("the chess club in Chromium", (browser) => {
  let ann: Page;
  let ben: Page;
  let cleo: Page;
  let annsOther: Page;
  const errors: Error[] = [];

  beforeAll(async () => {
    process.env["GRACE"] = "3000";
    await start(DATABASE);
    [ann, ben, cleo] = [
      await comeIn(browser(), "Ann"),
      await comeIn(browser(), "Ben"),
      await comeIn(browser(), "Cleo"),
    ];
    for (const page of [ann, ben, cleo]) page.on("pageerror", (error) => errors.push(error));
  });

  afterAll(async () => {
    await stop("SIGKILL");
    rmSync(folder, { recursive: true });
  });

  it("shows all what is said in the room, as text", async () => {
    await say(ann, "<b>good</b> evening");
    for (const page of [ann, ben, cleo]) await line(page, "<b>good</b> evening").waitFor();
  });

  it("shows what is whispered to its receiver alone", async () => {
    await row(ann, "#members", "Ben").getByRole("button", { name: "Talk" }).click();
    await say(ann, "a game?");
    await ben.locator("#talks").getByRole("button", { name: "Ann" }).click();
    await line(ben, "a game?").waitFor();
    for (const page of [ann, ben]) await page.locator("#talks").getByRole("button", { name: "Room" }).click();
    await say(ben, "to all");
    await line(cleo, "to all").waitFor();
    expect(await cleo.content()).not.toContain("a game?");
  });

  it("brings two to a table, and their moves to both and to one who watches, by mouse and by keyboard", async () => {
    await row(ann, "#members", "Ben").getByRole("button", { name: "Challenge" }).click();
    await ben.getByRole("button", { name: "Accept" }).click();
    await ann.getByRole("heading", { name: "Your move" }).waitFor();
    await cleo.getByRole("button", { name: "Watch" }).click();
    await move(ann, "e2", "e4");
    await moves(ben, "e4");
    await square(ben, "e5").focus();
    await square(ben, "e7").focus();
    await ben.keyboard.press("Enter");
    for (const key of ["ArrowUp", "ArrowUp", "Enter"]) await ben.keyboard.press(key);
    for (const page of [ann, ben, cleo]) await moves(page, "e4 e5");
    expect(await square(cleo, "e4").getAttribute("aria-label")).toBe("e4, white pawn");
  });

  it("shows who is there, who plays, and who watches which game", async () => {
    await there(ann, "Ben", "playing");
    await there(cleo, "Ann", "playing");
    await there(ben, "Cleo", "online");
    for (const page of [ann, ben, cleo]) await page.getByText("Watching: Cleo", { exact: true }).waitFor();
  });

  it("keeps a member who reloads, and lets one go who leaves, on streams and on polls alike", async () => {
    const polling = await browser().newContext();
    await polling.route("**/longpolling/events?**", (route) => route.abort());
    const dora = await polling.newPage();
    await dora.goto(address);
    await dora.getByLabel("What shall we call you?").fill("Dora");
    await dora.getByRole("button", { name: "Come in" }).click();
    await there(dora, "Cleo", "online");
    await there(ann, "Dora", "online");
    const statuses = await ann.evaluateHandle(() => {
      const seen: string[] = [];
      const look = () => seen.push(document.querySelector("#members")!.textContent!);
      new MutationObserver(look).observe(document.querySelector("#members")!, { childList: true, subtree: true });
      return seen;
    });
    await dora.reload();
    await there(dora, "Cleo", "online");
    await dora.close();
    await there(ann, "Dora", "offline");
    await there(cleo, "Dora", "offline");
    const seen = (await statuses.jsonValue()).map((text) => /Dora(online|offline)/.exec(text)?.[1]);
    expect(seen.indexOf("online", seen.indexOf("offline")), "no flapping").toBe(-1);
    await polling.close();
  });

  it("refuses an illegal move, and says so", async () => {
    await move(ann, "d1", "d5");
    await ann.locator("#notice").getByText("d1 to d5 is not a legal move here.").waitFor();
    await moves(ann, "e4 e5");
  });

  it("shows a second tab of one player the same, over the connection of the first", async () => {
    annsOther = await ann.context().newPage();
    const asked: string[] = [];
    annsOther.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await annsOther.goto(ann.url());
    await online(annsOther);
    await moves(annsOther, "e4 e5");
    await move(ann, "g1", "f3");
    for (const page of [annsOther, ben, cleo]) await moves(page, "e4 e5 Nf3");
    expect(asked.filter((path) => path.startsWith("/longpolling/events"))).toEqual([]);
  });

  it("says that it is offline while the server is killed, and goes on with what was there when it is back", async () => {
    await stop("SIGKILL");
    for (const page of [ann, annsOther, ben, cleo]) await page.locator("#status.waiting, #status.connecting").waitFor();
    await start(DATABASE, "the same port");
    for (const page of [ann, annsOther, ben, cleo]) await online(page);
    await move(ben, "b8", "c6");
    for (const page of [ann, annsOther, ben, cleo]) await moves(page, "e4 e5 Nf3 Nc6");
    await say(cleo, "well played");
    for (const page of [ann, annsOther, ben, cleo]) {
      await line(page, "well played").waitFor();
      expect(await page.locator("#lines").getByText("good").count(), "nothing is there twice").toBe(1);
    }
  });

  it("goes on in the second tab when the first, which held the connection, is closed", async () => {
    await ann.close();
    await say(cleo, "still there?");
    await line(annsOther, "still there?").waitFor();
  });

  it("plays a move once whose answer is lost, since the page sends it again under the same key", async () => {
    const asked: (string | undefined)[] = [];
    annsOther.on("request", (request) => {
      if (request.url().endsWith("/move")) asked.push(request.headers()["idempotency-key"]);
    });
    const lose = async (route: Route): Promise<void> => {
      await route.fetch();
      await route.abort();
    };
    await annsOther.route("**/move", lose, { times: 1 });
    await move(annsOther, "f1", "b5");
    await expect.poll(() => asked.length, { timeout: 10_000 }).toBe(2); // the page pauses up to a second
    expect(asked[0]).toBe(asked[1]);
    for (const page of [annsOther, ben, cleo]) await moves(page, "e4 e5 Nf3 Nc6 Bb5");
  });

  it("keeps what is said while it loads the state anew", async () => {
    await cleo.route("**/api/say", (route) => route.abort());
    await cleo.route("**/api/state", async (route) => {
      const response = await route.fetch();
      await say(ben, "in between");
      await line(cleo, "in between").waitFor();
      await route.fulfill({ response });
    });
    const loaded = cleo.waitForEvent("requestfinished", (request) => request.url().endsWith("/api/state"));
    await cleo.getByLabel("Your words").fill("never sent");
    await cleo.getByRole("button", { name: "Say", exact: true }).click();
    await loaded;
    await cleo.unrouteAll();
    await say(ben, "and after");
    await line(cleo, "and after").waitFor();
    expect(await cleo.locator("#lines").getByText("in between").count()).toBe(1);
  });

  it("shows its history to a page that loads anew, and has thrown nothing", async () => {
    await ben.reload();
    await online(ben);
    await line(ben, "good").waitFor();
    await moves(ben, "e4 e5 Nf3 Nc6 Bb5");
    expect(errors).toEqual([]);
  });
});

async function comeIn(browser: Browser, name: string): Promise<Page> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(address);
  await page.getByLabel("What shall we call you?").fill(name);
  await page.getByRole("button", { name: "Come in" }).click();
  await online(page);
  return page;
}

/** Waits until a page shows this status of a member. */
async function there(page: Page, name: string, status: string): Promise<void> {
  await row(page, "#members", name).locator(".there", { hasText: status }).waitFor();
}

async function online(page: Page): Promise<void> {
  await page.locator("#status.live").waitFor();
}

async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel("Your words").fill(text);
  await page.getByRole("button", { name: "Say", exact: true }).click();
  await line(page, text).waitFor();
}

function line(page: Page, text: string): Locator {
  return page.locator("#lines li").filter({ hasText: text }).first();
}

function row(page: Page, list: string, name: string): Locator {
  return page.locator(`${list} li`).filter({ hasText: name });
}

function square(page: Page, name: string): Locator {
  return page.locator(`#board [data-square="${name}"]`);
}

async function move(page: Page, from: string, to: string): Promise<void> {
  await square(page, from).click();
  await square(page, to).click();
}

/** Waits until the page shows these moves and no others. */
async function moves(page: Page, all: string): Promise<void> {
  await page.waitForFunction(
    (expected) => [...document.querySelectorAll("#moves li")].map((item) => item.textContent).join(" ") === expected,
    all,
  );
}
