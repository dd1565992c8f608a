import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { BrowserContext, Page } from "playwright-core";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { ClientError } from "../../src/client/client.ts";
import type * as Queue from "../../src/client/queue.ts";
import { describeBrowser } from "../support/browser.ts";
import { type PageServer, servePage } from "./browser-server.ts";

declare global {
  interface Window {
    readonly queues: typeof Queue;
    queue: Queue.SendQueue;
    ends: unknown[];
    outcomes: unknown[];
  }
}

const QUEUE = readFileSync(fileURLToPath(new URL("../../dist/client-queue.js", import.meta.url)), "utf8");

describeBrowser("a queue in Chromium", (browser) => {
  let server: PageServer;
  let context: BrowserContext;

  beforeEach(async () => {
    server = await servePage();
    context = await browser().newContext();
    await context.route("**/queue.js", (route) => route.fulfill({ contentType: "text/javascript", body: QUEUE }));
  });

  afterEach(async () => {
    await context.close();
    await server.close();
  });

  /** Makes the client and the queue of a page that has been loaded. */
  const begin = async (page: Page): Promise<void> => {
    await page.waitForFunction(() => window.nightbus !== undefined);
    await page.addScriptTag({
      type: "module",
      content: 'import * as queues from "/queue.js"; window.queues = queues;',
    });
    await page.waitForFunction(() => window.queues !== undefined);
    await page.evaluate(() => {
      window.ends = [];
      window.outcomes = [];
      window.client = window.nightbus.connect("/bus", { channels: ["a"] });
      window.queue = window.queues.queueOf(window.client, {
        storage: localStorage,
        name: "ann",
        onSent: ({ entries }) => window.ends.push(entries[0]?.[1]),
        onGivenUp: ({ reason }) => window.ends.push(reason),
      });
    });
  };

  const open = async (): Promise<Page> => {
    const page = await context.newPage();
    await page.goto(server.url);
    await begin(page);
    await page.waitForFunction(() => window.client.status === "live");
    return page;
  };

  const send = (page: Page, ...messages: readonly number[]): Promise<void> =>
    page.evaluate((all) => {
      for (const message of all) {
        window.queue.sendone("a", message).then(
          (id) => window.outcomes.push(id),
          ({ code }: ClientError) => window.outcomes.push(code),
        );
      }
    }, messages);

  const committed = async (): Promise<readonly unknown[]> =>
    (await server.bus.recent(["a"], 100)).map(({ message }) => message);

  it("holds sends while the browser is offline, and sends them in order once when it is back", async () => {
    const page = await open();
    await context.setOffline(true);
    await send(page, 1, 2, 3);
    expect(await page.evaluate(() => [window.queue.waiting, window.outcomes])).toEqual([3, []]);
    expect(await committed()).toEqual([]);
    await context.setOffline(false);
    await page.waitForFunction(() => window.outcomes.length === 3);
    expect(await committed()).toEqual([1, 2, 3]);
    const ids = (await server.bus.recent(["a"], 3)).map(({ id }) => id);
    expect(await page.evaluate(() => [window.outcomes, window.ends, localStorage.length])).toEqual([ids, [1, 2, 3], 0]);
  });

  it("sends after a reload, in order, what waited before it, and one whose answer was lost only once", async () => {
    const page = await open();
    const answered = new Promise<void>((resolve) => {
      void page.route("**/bus/send", async (route) => {
        await route.fetch();
        resolve();
        await route.abort(); // the commit is there, and the answer is lost
      });
    });
    await send(page, 1, 2);
    await answered;
    await page.reload();
    await page.unrouteAll({ behavior: "ignoreErrors" });
    await begin(page);
    await page.waitForFunction(() => window.ends.length === 2);
    expect(await page.evaluate(() => window.ends)).toEqual([1, 2]);
    expect(await committed()).toEqual([1, 2]);
  });

  it("sends from one tab at a time what two tabs queued, and both hear of it", async () => {
    const pages = [await open(), await open()] as const;
    await context.setOffline(true);
    await send(pages[0], 1);
    await send(pages[1], 2);
    await send(pages[0], 3);
    await context.setOffline(false);
    for (const page of pages) await page.waitForFunction(() => window.ends.length === 3);
    expect(await committed()).toEqual([1, 2, 3]);
    expect(await pages[0].evaluate(() => window.outcomes.length)).toBe(2);
    expect(await pages[1].evaluate(() => window.outcomes.length)).toBe(1);
  });

  it("sends from another tab what a closed tab left", async () => {
    const [one, other] = [await open(), await open()];
    await context.setOffline(true);
    await send(one, 1);
    await one.close();
    await context.setOffline(false);
    await other.waitForFunction(() => window.ends.length === 1);
    expect(await committed()).toEqual([1]);
  });
});
