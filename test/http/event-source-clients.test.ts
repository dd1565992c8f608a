import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { EventSource as EventSource4 } from "eventsource";
import type { BrowserContext } from "playwright-core";
import { afterAll, beforeAll, describe, vi } from "vitest";
import { describeBrowser } from "../support/browser.ts";
import { Bed } from "./outsiders/bed.ts";
import { listen, type Outsider, withLastEventId } from "./outsiders/heard.ts";
import { describeOutsider } from "./outsiders/laws.ts";

const NODE: Readonly<Record<string, Outsider>> = {
  "eventsource 4": (asked, tell) => {
    const source = new EventSource4(withLastEventId(asked));
    listen(source, tell);
    return () => source.close();
  },
};

const CHROMIUM = [
  "EventSource",
  "event-source-polyfill",
  "fetch-event-source by GET",
  "fetch-event-source by POST",
  "sse.js",
  "sse.js without Accept",
] as const;

vi.setConfig({ maxConcurrency: 50 });

beforeAll(() => {
  vi.spyOn(Math, "random").mockReturnValue(0); // each pause is the shortest that the mount asks for
});

afterAll(() => {
  vi.restoreAllMocks();
});

describe("in Node", () => {
  for (const [name, outsider] of Object.entries(NODE)) {
    describeOutsider(name, (test) => async () => {
      const bed = new Bed(() => {});
      await bed.start();
      let stop = (): void => {};
      try {
        await test({
          bed,
          hear: async (asked, tell) => {
            stop = outsider(asked, tell);
          },
        });
      } finally {
        stop();
        await bed.close();
      }
    });
  }
});

describeBrowser("in Chromium", (browser) => {
  let context: BrowserContext;
  let script: string;

  beforeAll(async () => {
    const entry = fileURLToPath(new URL("outsiders/page.ts", import.meta.url));
    const { outputFiles } = await build({ entryPoints: [entry], bundle: true, format: "iife", write: false });
    script = outputFiles[0]!.text;
    context = await browser().newContext();
  });

  afterAll(() => context.close());

  for (const name of CHROMIUM) {
    const trying: Parameters<typeof describeOutsider>[1] = (test) => async () => {
      const bed = new Bed((_, response) => {
        response.writeHead(200, { "Content-Type": "text/html" }).end("<!doctype html><title>a page</title>");
      });
      await bed.start();
      const page = await context.newPage();
      try {
        await test({
          bed,
          hear: async (asked, tell) => {
            await page.exposeFunction("tell", tell);
            await page.goto(bed.url);
            await page.addScriptTag({ content: script });
            await page.evaluate(([one, what]) => window.hear(one, what), [name, asked] as const);
          },
        });
      } finally {
        await page.close();
        await bed.close();
      }
    };
    describeOutsider(name, trying);
  }
});
