import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe } from "vitest";

const PATH = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

// A closed network makes Chromium look up its maker's hosts in vain.
const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Tests in a real browser. Without one they are skipped, saying what is missing, but never where CI is set. */
export function describeBrowser(name: string, tests: (browser: () => Browser) => void): void {
  const missing = !existsSync(PATH) && process.env["CI"] === undefined;
  const why = missing ? ` (skipped: there is no Chromium at ${PATH}; install it, or set CHROMIUM to its path)` : "";
  describe.skipIf(missing)(name + why, () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: PATH, args: ARGS });
    }, 30_000);
    afterAll(() => browser.close());
    tests(() => browser);
  });
}
