import { sqlite } from "nightbus/sqlite";
import type { BrowserContext, Page } from "playwright-core";
import { afterEach, beforeEach, expect, it } from "vitest";
import type * as Nightbus from "../../src/client/client.ts";
import { until } from "../http/conformance/client.ts";
import { temporaryFiles } from "../stores/files.ts";
import { describeBrowser } from "../support/browser.ts";
import { type PageServer, servePage } from "./browser-server.ts";

declare global {
  interface Window {
    readonly nightbus: typeof Nightbus;
    client: Nightbus.Client;
    heard: unknown[];
    missed: number;
    source: EventSource;
  }
}

const HEARTBEAT = 200;
const newPath = temporaryFiles();

describeBrowser("in Chromium", (browser) => {
  let server: PageServer;
  let context: BrowserContext;

  beforeEach(async () => {
    server = await servePage({}, HEARTBEAT);
    context = await browser().newContext();
  });

  afterEach(async () => {
    await context.close();
    await server.close();
  });

  /** Opens a page that reads these channels, and waits until it is live. */
  const open = async (channels: readonly string[], options: { last?: number; alone?: true } = {}): Promise<Page> => {
    const page = await context.newPage();
    await page.goto(server.url);
    await page.waitForFunction(() => window.nightbus !== undefined);
    await page.evaluate(
      ([names, { last, alone }, heartbeat]) => {
        window.heard = [];
        window.missed = 0;
        window.client = window.nightbus.connect("/bus", {
          channels: names,
          heartbeat,
          ...(last === undefined ? {} : { last }),
          ...(alone ? {} : { shareTabs: "ann" }),
        });
        window.client.on("notification", ({ message }) => window.heard.push(message));
        window.client.on("missed", () => {
          window.missed += 1;
        });
      },
      [channels, options, HEARTBEAT] as const,
    );
    await page.waitForFunction(() => window.client.status === "live" && window.client.last !== undefined);
    return page;
  };
  const heard = (page: Page): Promise<unknown[]> => page.evaluate(() => window.heard);
  const heardAll = (page: Page, messages: readonly unknown[]): Promise<unknown> =>
    page.waitForFunction((count) => window.heard.length >= count, messages.length);

  /** Sends 1, 2, 3 … on a channel while something happens, and then until everybody must have noticed. */
  const sendWhile = async (channel: string, work: () => Promise<unknown>, from = 1): Promise<readonly number[]> => {
    const sent: number[] = [];
    let over = false;
    const sending = (async () => {
      for (let n = from; !over; n += 1) {
        await server.bus.sendone(channel, n);
        sent.push(n);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
    await work();
    over = true;
    await sending;
    return sent;
  };
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

  it("carries the browser's own EventSource over a restart of the server, with nothing lost and nothing twice", async () => {
    const store = newPath();
    let own = await servePage({ store: sqlite(store) });
    const page = await context.newPage();
    await page.goto(own.url);
    await page.evaluate(() => {
      window.heard = [];
      window.source = new EventSource("/bus/events?channels=a");
      window.source.onmessage = ({ data }) => window.heard.push(JSON.parse(data).message);
    });
    await page.waitForFunction(() => window.source.readyState === EventSource.OPEN);
    await own.bus.sendone("a", 1);
    await heardAll(page, [1]);
    await own.close();
    own = await servePage({ store: sqlite(store) }, HEARTBEAT, Number(new URL(own.url).port));
    await own.bus.sendmany([
      ["a", 2],
      ["a", 3],
    ]);
    await heardAll(page, [1, 2, 3]);
    await own.bus.sendone("a", 4);
    await heardAll(page, [1, 2, 3, 4]);
    expect(await heard(page)).toEqual([1, 2, 3, 4]);
    await own.close();
  });

  it("follows a server over its restart, and sends what it may", async () => {
    await server.close();
    const store = newPath();
    server = await servePage({ store: sqlite(store) }, HEARTBEAT);
    const page = await open(["a"], { alone: true });
    const id = await page.evaluate(() => window.client.sendone("a", 1));
    await heardAll(page, [1]);
    expect(id).toBe(server.bus.last);
    await server.close();
    server = await servePage({ store: sqlite(store) }, HEARTBEAT, Number(new URL(server.url).port));
    await server.bus.sendone("a", 2);
    await heardAll(page, [1, 2]);
    expect(await heard(page)).toEqual([1, 2]);
    const refused = await page.evaluate(() =>
      window.client.sendone("closed", 1).catch(({ code, status }) => [code, status]),
    );
    expect(refused).toEqual(["refused", 403]);
  });

  it("gives each tab what is on its own channels, over one connection, also on those that are added later", async () => {
    const pages = [await open(["a", "all"]), await open(["b", "all"]), await open(["all"])];
    expect(server.streams).toBe(1);
    await pages[2]!.evaluate(() => window.client.addChannel("c"));
    await until(() => server.streams === 1);
    await pause(100);
    await server.bus.sendmany([
      ["a", "a"],
      ["b", "b"],
      ["c", "c"],
      ["all", "end"],
    ]);
    for (const page of pages) await page.waitForFunction(() => window.heard.includes("end"));
    expect(await Promise.all(pages.map(heard))).toEqual([
      ["a", "end"],
      ["b", "end"],
      ["c", "end"],
    ]);
    expect(server.streams).toBe(1);
  });

  it("goes on in the other tabs when the leader is closed", async () => {
    const [leader, ...others] = [await open(["a"]), await open(["a"]), await open(["a"])];
    const sent = await sendWhile("a", async () => {
      await pause(50);
      await leader!.close();
      await pause(300);
    });
    for (const page of others) {
      await heardAll(page, sent);
      expect(await heard(page)).toEqual(sent);
      expect(await page.evaluate(() => window.missed)).toBe(0);
    }
    expect(server.streams).toBe(1);
  });

  it("goes on in the other tabs when the leader crashes", async () => {
    const [leader, ...others] = [await open(["a"]), await open(["a"]), await open(["a"])];
    const sent = await sendWhile("a", async () => {
      await pause(50);
      const crashed = leader!.waitForEvent("crash");
      const session = await context.newCDPSession(leader!);
      void session.send("Page.crash").catch(() => {}); // nobody is left to answer
      await crashed;
      await pause(300);
    });
    for (const page of others) {
      await heardAll(page, sent);
      expect(await heard(page)).toEqual(sent);
    }
  });

  it.each(["close", "crash", "leave"] as const)(
    "reads no longer what only a tab read that is gone: %s",
    async (how) => {
      await open(["a"]);
      const gone = await open(["a", "b"]);
      await until(() => `${server.reading}` === "a,b");
      if (how === "close") await gone.close();
      else if (how === "leave") await gone.goto("about:blank");
      else {
        const session = await context.newCDPSession(gone);
        void session.send("Page.crash").catch(() => {}); // nobody is left to answer
      }
      await until(() => `${server.reading}` === "a");
    },
  );

  it("reads what a tab needs while it is hidden or frozen", async () => {
    await open(["a"]);
    const other = await open(["a", "b"]);
    const session = await context.newCDPSession(other);
    await session.send("Page.setWebLifecycleState", { state: "frozen" });
    await pause(3_000);
    expect(server.reading).toEqual(["a", "b"]);
    await server.bus.sendone("b", 1);
    await session.send("Page.setWebLifecycleState", { state: "active" });
    await heardAll(other, [1]);
    expect(await heard(other)).toEqual([1]);
  });

  it("takes the lead from a tab that is frozen, which steps down when it wakes and has lost nothing", async () => {
    const [leader, ...others] = [await open(["a"]), await open(["a"])];
    const session = await context.newCDPSession(leader!);
    const sent = await sendWhile("a", async () => {
      await pause(50);
      await session.send("Page.setWebLifecycleState", { state: "frozen" });
      await pause(HEARTBEAT * 5);
    });
    for (const page of others) await heardAll(page, sent);
    await session.send("Page.setWebLifecycleState", { state: "active" });
    const more = await sendWhile("a", () => pause(300), sent.length + 1);
    for (const page of [leader!, ...others]) {
      await heardAll(page, [...sent, ...more]);
      expect(await heard(page)).toEqual([...sent, ...more]);
      expect(await page.evaluate(() => window.missed)).toBe(0);
    }
    await until(() => server.streams === 1);
  });

  it("gives a tab with an older last what it lacks, and the others nothing twice", async () => {
    const begin = server.bus.last;
    await server.bus.sendone("a", "old");
    const leader = await open(["a"], { last: server.bus.last });
    await server.bus.sendone("a", "new");
    const behind = await open(["a"], { last: begin });
    await server.bus.sendone("a", "newest");
    for (const [page, messages] of [
      [leader, ["new", "newest"]],
      [behind, ["old", "new", "newest"]],
    ] as const) {
      await heardAll(page, messages);
      expect(await heard(page)).toEqual(messages);
    }
  });

  it("tells missed to the tab alone that missed something", async () => {
    await server.close();
    server = await servePage({ retention: { count: 2 } }, HEARTBEAT);
    const begin = server.bus.last;
    await server.bus.sendmany([1, 2, 3].map((n) => ["a", n] as const));
    const leader = await open(["a"], { last: server.bus.last });
    const behind = await open(["a"], { last: begin });
    await heardAll(behind, [2, 3]); // the next one pushes 2 out
    await server.bus.sendone("a", 4);
    await heardAll(behind, [2, 3, 4]);
    await heardAll(leader, [4]);
    expect([await heard(leader), await heard(behind)]).toEqual([[4], [2, 3, 4]]);
    expect(await leader.evaluate(() => window.missed)).toBe(0);
    expect(await behind.evaluate(() => window.missed)).toBe(1);
  });
});
