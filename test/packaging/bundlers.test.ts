import { describe, expect, it } from "vitest";
import { hasTools, PROGRAMS, Project, toolFile } from "./project.ts";
import { serves } from "./serves.ts";

const WHY = hasTools ? "" : " (skipped: they need `npm ci --prefix test/packaging`)";

interface Bundler {
  readonly name: string;
  /** The program of the page. */
  readonly config: string;
  readonly packages: readonly string[];
  /** The arguments of Node that bundle by this file. */
  readonly command: (config: string) => readonly string[];
  /** Returns the program of the page, changed to make CommonJS. */
  readonly toCommonjs: (config: string) => string;
}

const WEBPACK = `
  import config from "./webpack.config.mjs";
  import webpack from "webpack";
  const stats = await new Promise((resolve, reject) => webpack(config, (error, done) => (error ? reject(error) : resolve(done))));
  if (stats.hasErrors()) throw new Error(stats.toString("errors-only"));`;

const BUNDLERS: readonly Bundler[] = [
  {
    name: "esbuild",
    config: "esbuild.mjs",
    packages: ["esbuild"],
    command: (config) => [config],
    toCommonjs: (config) => config.replace('"esm"', '"cjs"').replace("app.mjs", "app.cjs"),
  },
  {
    name: "Rollup",
    config: "rollup.config.mjs",
    packages: ["rollup", "@rollup/plugin-node-resolve", "@rollup/plugin-commonjs"],
    command: (config) => [toolFile("rollup/dist/bin/rollup"), "--config", config, "--silent"],
    toCommonjs: (config) => config.replace('"esm"', '"cjs"').replace("app.mjs", "app.cjs"),
  },
  {
    name: "Vite",
    config: "vite.config.mjs",
    packages: [],
    command: (config) => [toolFile("vite/bin/vite.js"), "build", "--config", config, "--logLevel", "warn"],
    toCommonjs: (config) => config.replace('"esm"', '"cjs"').replace("[name].mjs", "[name].cjs"),
  },
  {
    name: "webpack",
    config: "webpack.config.mjs",
    packages: ["webpack"],
    command: () => ["run-webpack.mjs"],
    toCommonjs: (config) =>
      config
        .replace(', filename: "app.mjs", module: true', ', filename: "app.cjs"')
        .replace("  experiments: { outputModule: true },\n", "")
        .replace("import better", "commonjs better"),
  },
];

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
  project.write({ "run-webpack.mjs": WEBPACK });
  return project;
}
