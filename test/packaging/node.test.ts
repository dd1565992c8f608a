import { beforeAll, describe, expect, it } from "vitest";
import { modules } from "../../build/entries.ts";
import { PROGRAMS, Project } from "./project.ts";

const SUBPATHS = modules().map((subpath) => `nightbus${subpath.slice(1)}`);

describe("the page on packaging", () => {
  it("has the programs that are run here", () => {
    expect([...PROGRAMS.keys()]).toEqual([
      "server.cjs",
      "server.ts",
      "checkout.test.js",
      "checkout.test.ts",
      "jest.config.cjs",
      "app.js",
      "esbuild.mjs",
      "rollup.config.mjs",
      "vite.config.mjs",
      "webpack.config.mjs",
      "page.js",
    ]);
  });
});

describe("the packed package on Node", () => {
  let project: Project;

  beforeAll(() => {
    project = new Project("module");
    project.take("server.cjs");
    project.write({
      "both.mjs": `
        import { createRequire } from "node:module";
        const require = createRequire(import.meta.url);
        for (const name of ${JSON.stringify(SUBPATHS)}) {
          const [imported, required] = [await import(name), require(name)];
          for (const value of Object.keys(imported)) if (imported[value] !== required[value]) console.log(name, value);
        }
        console.log("compared");`,
      "plain.cjs": `
        const names = ${JSON.stringify(SUBPATHS)};
        for (const name of names) require(name);
        const { Bus, BusError } = require("nightbus");
        const { fakeBus } = require("nightbus/testing");
        const bus = fakeBus();
        bus.fail("lobby");
        bus.sendone("lobby", 1).catch((error) => console.log(bus instanceof Bus, error instanceof BusError));`,
    });
  });

  it("runs by require", async () => {
    expect(await project.node(["server.cjs"])).toContain("true\n");
  });

  it("is one copy for import and require, by every subpath", async () => {
    expect(await project.node(["--disable-warning=ExperimentalWarning", "both.mjs"])).toBe("compared\n");
  });

  it("has CommonJS whose subpaths share their classes, where Node cannot require ES modules", async () => {
    expect(await project.node(["--no-experimental-require-module", "plain.cjs"])).toBe("true true\n");
  });
});

describe("the CommonJS of the packed package, without a driver", () => {
  const CASES: readonly (readonly [name: string, argument: string, said: string])[] = [
    ["postgres", "postgres://127.0.0.1:1/none", 'nightbus/postgres needs pg: run "npm install pg@8"'],
    ["redis", "redis://127.0.0.1:1", 'nightbus/redis needs redis or ioredis: run "npm install redis@6"'],
    ["nats", "127.0.0.1:1", 'nightbus/nats needs two packages: run "npm install @nats-io/transport-node@3'],
  ];

  it.each(CASES)("says for %s which package to install", async (name, argument, said) => {
    const project = new Project("commonjs");
    project.write({
      "open.cjs": `
        const { Bus } = require("nightbus");
        const store = require("nightbus/${name}").${name}("${argument}");
        new Bus({ store }).ready().catch((error) => console.log(error.code, error.message));`,
    });
    expect(await project.node(["--no-experimental-require-module", "open.cjs"])).toContain(`store ${said}`);
  });
});
