import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Bus } from "nightbus";
import { mount } from "nightbus/node";
import { expect, it } from "vitest";
import { describeBrowser } from "../support/browser.ts";
import { BUNDLERS } from "./bundlers.ts";
import { hasTools, PROGRAMS, Project, toolFile } from "./project.ts";

const PAGE = '<!doctype html><body><script type="module" src="/SCRIPT"></script></body>';

describeBrowser("pages with a bundled client", (browser) => {
  it.skipIf(!hasTools).each(BUNDLERS)(
    "$name: the page shows a notification",
    async ({ name, config, packages, command }) => {
      const project = new Project("module", packages);
      project.take("page.js");
      if (name === "Vite") {
        project.write({ "index.html": PAGE.replace("SCRIPT", "page.js") });
        await project.node([toolFile("vite/bin/vite.js"), "build", "--outDir", "out", "--logLevel", "warn"]);
      } else {
        const text = PROGRAMS.get(config)!.replace("app.js", "page.js");
        project.write({ [config]: text.replace('platform: "node"', 'platform: "browser"').replace('"node"', '"web"') });
        await project.node(command(config));
        project.write({ "out/index.html": PAGE.replace("SCRIPT", "app.mjs") });
      }
      const bus = new Bus<{ lobby: { text: string } }>();
      const poll = mount(bus, { prefix: "/longpolling" });
      const server = createServer((request, response) => {
        if (request.url!.startsWith("/longpolling")) {
          poll(request, response);
          return;
        }
        const file = request.url === "/" ? "index.html" : request.url!;
        if (file !== "index.html") response.setHeader("content-type", "text/javascript");
        response.end(file === "/favicon.ico" ? "" : readFileSync(join(project.folder, "out", file)));
      }).listen(0);
      const page = await browser().newPage();
      try {
        const streaming = page.waitForResponse((response) => response.url().includes("/longpolling/events"));
        await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
        await streaming;
        await bus.sendone("lobby", { text: "good evening" });
        await page.getByText("good evening").waitFor();
        expect(bus.last).toBeGreaterThan(0);
      } finally {
        await page.close();
        await bus.close();
        server.close();
      }
    },
  );
});
