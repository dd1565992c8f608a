import { describe, expect, it } from "vitest";
import { BUNDLERS, type Bundler } from "./bundlers.ts";
import { hasTools, PROGRAMS, Project } from "./project.ts";
import { serves } from "./serves.ts";

const WHY = hasTools ? "" : " (skipped: they need `npm ci --prefix test/packaging`)";

const cases = BUNDLERS.flatMap((bundler) => [
  { ...bundler, to: "ES modules", file: "out/app.mjs", programOf: (config: string) => config },
  { ...bundler, to: "CommonJS", file: "out/app.cjs", programOf: bundler.toCommonjs },
]);

describe.skipIf(!hasTools)(`bundlers with the packed package${WHY}`, () => {
  it.each(cases)("$name makes $to of a server on SQLite, which answers polls, sends and streams", async (bundler) => {
    const project = bundled(bundler);
    project.write({ [bundler.config]: bundler.programOf(PROGRAMS.get(bundler.config)!) });
    await project.node(bundler.command(bundler.config));
    project.unlinkNightbus();
    await serves(project, bundler.file);
  });

  it.each(BUNDLERS)("$name passes over missing drivers, and the bundle says which to install", async (bundler) => {
    const project = bundled(bundler);
    const stores = { postgres: "postgres://127.0.0.1:1/none", redis: "redis://127.0.0.1:1", nats: "127.0.0.1:1" };
    project.write({
      "app.js": `
        import { Bus } from "nightbus";
        import { nats } from "nightbus/nats";
        import { postgres } from "nightbus/postgres";
        import { redis } from "nightbus/redis";
        const tried = Object.entries({ nats, postgres, redis });
        for (const [name, open] of tried) {
          const bus = new Bus({ store: open(${JSON.stringify(stores)}[name]) });
          bus.on("error", ({ message }) => console.log(message));
        }`,
    });
    project.take(bundler.config);
    await project.node(bundler.command(bundler.config));
    expect((await project.node(["out/app.mjs"])).trim().split("\n").sort()).toEqual([
      'nightbus/nats needs two packages: run "npm install @nats-io/transport-node@3 @nats-io/jetstream@3"',
      'nightbus/postgres needs pg: run "npm install pg@8"',
      'nightbus/redis needs redis or ioredis: run "npm install redis@6"',
    ]);
  });

  it.each(BUNDLERS.filter(({ name }) => name !== "Vite"))(
    "$name has one copy for import and require",
    async (bundler) => {
      const project = bundled(bundler);
      project.write({
        "app.js": `
        import { Bus } from "nightbus";
        import { Bus as other } from "./other.cjs";
        console.log(Bus === other);`,
        "other.cjs": 'exports.Bus = require("nightbus").Bus;',
      });
      project.take(bundler.config);
      await project.node(bundler.command(bundler.config));
      expect(await project.node(["out/app.mjs"])).toBe("true\n");
    },
  );
});

function bundled({ packages }: Bundler): Project {
  const project = new Project("module", [...packages, "better-sqlite3"]);
  project.take("app.js");
  return project;
}
