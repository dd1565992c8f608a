import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../support/language.ts";
import { hasTools, PROGRAMS, Project, toolFile } from "./project.ts";

const WHY = hasTools ? "" : " (skipped: they need `npm ci --prefix test/packaging`)";
const MODULES = { NODE_OPTIONS: "--experimental-vm-modules" };

describe.skipIf(!hasTools).concurrent(`test runners with the packed package${WHY}`, () => {
  it.for(["jest29", "jest"])("%s requires it without a setting", async (jest) => {
    const project = new Project("commonjs");
    project.take("checkout.test.js");
    project.write({
      "shared.test.js": `
        const { Bus, BusError } = require("nightbus");
        const { fakeBus } = require("nightbus/testing");
        test("shares classes over subpaths", async () => {
          const bus = fakeBus();
          bus.fail("lobby");
          expect(bus).toBeInstanceOf(Bus);
          await expect(bus.sendone("lobby", 1)).rejects.toBeInstanceOf(BusError);
        });`,
    });
    expect(await project.node([toolFile(`${jest}/bin/jest.js`)])).toMatch(/Tests: +2 passed/);
  });

  it.for(["jest29", "jest"])("%s imports it as ES modules", async (jest) => {
    const project = new Project("module");
    project.write({ "checkout.test.js": moduleTest("@jest/globals") });
    expect(await project.node([toolFile(`${jest}/bin/jest.js`)], MODULES)).toMatch(/Tests: +1 passed/);
  });

  it.for(["jest29", "jest"])("%s runs TypeScript by the preset of ts-jest alone", async (jest) => {
    const project = new Project("commonjs", ["ts-jest", "@jest/globals", "@types/node"]);
    project.take("checkout.test.ts", "jest.config.cjs");
    project.write({ "tsconfig.json": '{ "compilerOptions": { "module": "node16", "strict": true } }' });
    expect(await project.node([toolFile(`${jest}/bin/jest.js`)])).toMatch(/Tests: +1 passed/);
  });

  it("vitest runs it", async () => {
    const project = new Project("module", ["vitest"]);
    project.write({ "checkout.test.ts": PROGRAMS.get("checkout.test.ts")!.replace("@jest/globals", "vitest") });
    expect(await project.node([toolFile("vitest/vitest.mjs"), "run"])).toMatch(/Tests +1 passed/);
  });

  it("node:test runs it", async () => {
    const project = new Project("module");
    project.write({ "checkout.test.js": moduleTest("node:test") });
    expect(await project.node(["--test"])).toMatch(/pass 1\n/);
  });

  it("bun test runs it, and has one copy for import and require", async () => {
    const project = new Project("module");
    project.write({
      "checkout.test.ts": PROGRAMS.get("checkout.test.ts")!.replace("@jest/globals", "bun:test"),
      "copies.test.ts": `
        import { expect, test } from "bun:test";
        import { Bus } from "nightbus";
        test("one copy", () => expect(require("nightbus").Bus).toBe(Bus));`,
    });
    const bun = join(root, "examples/node_modules/bun/bin/bun.exe");
    expect(await project.run(bun, ["test"])).toMatch(/2 pass\n/);
  });
});

/** Returns the test of the page as JavaScript. */
function moduleTest(runner: string): string {
  return PROGRAMS.get("checkout.test.ts")!
    .replace("@jest/globals", runner)
    .replace(/fakeBus<[^(]*>\(/, "fakeBus(");
}
