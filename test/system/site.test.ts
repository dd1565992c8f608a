import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PROJECT } from "../../docs/.vitepress/outside.ts";
import { PAGES as GROUPS, SUBPATHS } from "../../docs/.vitepress/sidebar.ts";
import { describeBrowser } from "../support/browser.ts";
import { root } from "../support/language.ts";
import { PAGES } from "../support/pages.ts";

const SITE = join(root, "docs/.vitepress/dist");
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};
const PHONE = { width: 390, height: 844 };
const DESK = { width: 1440, height: 900 };
const SCHEMES = ["light", "dark"] as const;

// `npm run docs` builds the site. On the way to a verdict it has to be there.
const hasSite = existsSync(SITE) || process.env["CI"] !== undefined;

const links = GROUPS.flatMap(({ items }) => items.map(({ link }) => link));
const addresses = [...links, ...PROJECT.map(({ link }) => link), ...SUBPATHS.map((subpath) => `/api/${subpath}`)].map(
  (link) => (link.endsWith("/") ? link : `${link}.html`),
);

describe("the sidebar of the site", () => {
  it("has every page of docs once, and no other", () => {
    const pages = PAGES.filter((page) => page.startsWith("docs/")).map((page) => page.slice("docs".length, -3));
    expect(links.map((link) => (link === "/" ? "/index" : link)).sort()).toEqual([...pages].sort());
  });

  it("has every subpath of the package", () => {
    const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { exports: object };
    const subpaths = Object.keys(exports).filter((name) => !/\.js(on)?$/.test(name));
    expect([...SUBPATHS].sort()).toEqual(subpaths.map((name) => `nightbus${name.slice(1)}`).sort());
  });
});

describe.skipIf(!hasSite)("the reference (it needs `npm run docs`)", () => {
  it("has a page for each subpath", () => {
    const made = readdirSync(join(SITE, "api"), { recursive: true, encoding: "utf8" });
    expect(SUBPATHS.filter((subpath) => !made.includes(`${subpath}.html`))).toEqual([]);
  });
});

describe.skipIf(!hasSite)("the site (it needs `npm run docs`)", () => {
  let server: Server;
  let origin: string;

  beforeAll(async () => {
    server = createServer((request, response) => {
      const path = decodeURIComponent(new URL(request.url!, "http://site").pathname);
      const file = join(SITE, normalize(path.endsWith("/") ? `${path}index.html` : path));
      const found = existsSync(file);
      response.writeHead(found ? 200 : 404, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
      response.end(found ? readFileSync(file) : undefined);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());

  describeBrowser("in Chromium", (browser) => {
    it("fits on a phone, page by page, without an error", async () => {
      const { page, errors } = await opened({ viewport: PHONE });
      const wide: string[] = [];
      for (const address of addresses) {
        await page.goto(origin + address);
        const excess = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (excess > 0) wide.push(`${address} by ${excess}`);
      }
      expect(wide).toEqual([]);
      expect(errors).toEqual([]);
      await page.context().close();
    });

    it("finds a word in the pages and in the reference, and opens the page", async () => {
      const { page, errors } = await opened({ viewport: DESK });
      await page.goto(`${origin}/`);
      await page.locator("#local-search button").click();
      for (const [word, found] of [
        ["failover", /\/stores\.html/],
        ["hookTimeout", /\/api\//],
      ] as const) {
        await page.locator(".VPLocalSearchBox input").fill(word);
        const hits = page.locator(".VPLocalSearchBox .results a");
        const addressesOf = (): Promise<string> =>
          hits.evaluateAll((all) => all.map((hit) => hit.getAttribute("href")).join(" "));
        await expect.poll(addressesOf, { timeout: 30_000 }).toMatch(found);
      }
      await page.keyboard.press("Enter");
      await page.waitForURL((url) => url.pathname !== "/");
      expect(errors).toEqual([]);
      await page.context().close();
    });

    it.for(SCHEMES)("has text that can be read on its ground (%s)", async (colorScheme) => {
      const { page } = await opened({ viewport: DESK, colorScheme });
      for (const address of ["/", "/stores.html", "/api/nightbus.html"]) {
        await page.goto(origin + address);
        const text = page.locator(".vp-doc p, .vp-doc a, .vp-doc code span, .VPSidebar a, .VPFeature .details");
        expect(await text.count()).toBeGreaterThan(20);
        expect(await text.evaluateAll(faint)).toEqual([]);
      }
      await page.context().close();
    });

    async function opened(options: {
      readonly viewport: typeof DESK;
      readonly colorScheme?: (typeof SCHEMES)[number];
    }): Promise<{ readonly page: Page; readonly errors: readonly string[] }> {
      const context = await browser().newContext(options);
      const page = await context.newPage();
      const errors: string[] = [];
      page.on("pageerror", (error) => errors.push(error.message));
      page.on("console", (message) => {
        if (["error", "warning"].includes(message.type())) errors.push(`${message.text()} at ${page.url()}`);
      });
      page.on("requestfailed", (request) => {
        const why = request.failure()?.errorText;
        if (why !== "net::ERR_ABORTED") errors.push(`${request.url()}: ${why}`); // the next page ends prefetches of the last
      });
      return { page, errors };
    }
  });
});

/** Runs in the page: returns the elements whose text has a contrast below 4.5 with the first ground below it that has a colour. */
function faint(elements: readonly Element[]): readonly string[] {
  const partsOf = (colour: string): readonly number[] => colour.match(/[\d.]+/g)!.map(Number);
  const light = (colour: string): number => {
    const [red, green, blue] = partsOf(colour)
      .slice(0, 3)
      .map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
  };
  const found = new Set<string>();
  for (const element of elements) {
    const { color } = getComputedStyle(element);
    let below: Element | null = element;
    while (below !== null && (partsOf(getComputedStyle(below).backgroundColor)[3] ?? 1) < 1)
      below = below.parentElement;
    const ground = below === null ? "rgb(255, 255, 255)" : getComputedStyle(below).backgroundColor;
    const [dark, bright] = [light(color), light(ground)].sort((one, other) => one - other);
    const ratio = (bright! + 0.05) / (dark! + 0.05);
    if (ratio < 4.5) found.add(`${color} on ${ground}, ${ratio.toFixed(1)}: ${element.outerHTML.slice(0, 60)}`);
  }
  return [...found];
}
