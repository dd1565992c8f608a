import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { describeBrowser } from "../../support/browser.ts";
import { hold } from "../../support/held.ts";
import { hasPrograms } from "./hosts.ts";
import { NextApplication } from "./next-application.ts";

/** The longest wait for a compilation and what follows, in ms. Several test files share the machine. */
const SOON = { timeout: 30_000, interval: 100 };

if (hasPrograms) {
  describeBrowser("the example of Next.js in development and in production", (browser) => {
    const applications = { dev: new NextApplication("dev"), start: new NextApplication("start") };

    beforeAll(async () => {
      await applications.dev.start(); // one after the other, because each compiles with all cores
      await applications.start.start();
    }, 180_000);
    afterAll(async () => {
      for (const application of Object.values(applications)) await application.stop();
    });

    async function open(application: NextApplication): Promise<Page> {
      const page = await browser().newPage();
      const streaming = page.waitForResponse(/\/longpolling\/events/);
      await page.goto(application.address);
      await streaming;
      return page;
    }

    async function hears(application: NextApplication, page: Page, text: string): Promise<void> {
      await application.say(text);
      await page.getByRole("listitem").filter({ hasText: text }).waitFor(SOON);
    }

    it.each(["dev", "start"] as const)("has one bus for the page and the route: %s", async (mode) => {
      const application = applications[mode];
      const html = await (await fetch(application.address)).text();
      const last = Number(/\\"last\\":(\d+)/.exec(html)?.[1]);
      await application.say("after the page was rendered");
      expect(await application.poll(last)).toMatchObject({
        missed: false,
        notifications: [{ message: { text: "after the page was rendered" } }],
      });
    });

    it.each(["dev", "start"] as const)("notices that pages and their streams go: %s", async (mode) => {
      const application = applications[mode];
      const page = await open(application);
      await vi.waitFor(async () => expect((await application.stats()).streams).toBe(1), SOON);
      await hears(application, page, "one page is open");
      await page.close();
      await vi.waitFor(async () => expect((await application.stats()).streams).toBe(0), SOON);
    });

    it("goes on in an open page while files are edited", { timeout: 120_000 }, async () => {
      const { dev } = applications;
      const page = await open(dev);
      await hears(dev, page, "before all edits");

      dev.edit("app/longpolling/[route]/route.js", "sign in first", "show your card");
      await vi.waitFor(async () => expect(await dev.refusal()).toBe("show your card"), SOON);
      await hears(dev, page, "after an edit of the route");

      dev.edit("bus.js", "new Bus()", "new Bus({ maxMessage: 100 })");
      dev.edit("app/stats/route.js", "bus.stats()", "{ ...bus.stats(), edited: true }");
      await vi.waitFor(async () => expect(await dev.stats()).toHaveProperty("edited"), SOON);
      await hears(dev, page, "after an edit of the bus, whose options stay as they were: ".padEnd(120, "."));

      dev.edit("app/lobby.js", "<h1>The lobby</h1>", "<h1>The edited lobby</h1>");
      await page.getByRole("heading", { name: "The edited lobby" }).waitFor(SOON);
      await hears(dev, page, "after an edit of the page");

      for (let edit = 1; edit <= 12; edit += 1) {
        dev.edit("app/longpolling/[route]/route.js", /show your card.*?"/, `show your card ${edit}"`);
        await vi.waitFor(async () => expect(await dev.refusal()).toBe(`show your card ${edit}`), SOON);
      }
      await hears(dev, page, "after many edits");
      expect(await page.getByRole("listitem").allTextContents()).toEqual(dev.said.slice(-5));
      expect((await dev.stats()).streams).toBe(1);
      expect(dev.output).not.toMatch(/MaxListeners|two copies/);
      await page.close();
    });

    it("ends within a second of SIGTERM while a stream, a poll and a client are open", async () => {
      const { start } = applications;
      const held = await hold(`${start.address}/longpolling`);
      const began = performance.now();
      await start.stop();
      expect(performance.now() - began).toBeLessThan(1_000);
      await held.expectAnswered();
    });
  });
}
