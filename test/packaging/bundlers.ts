import { toolFile } from "./project.ts";

/** A bundler, and its use by the program of the page. */
export interface Bundler {
  readonly name: string;
  /** The program of the page. */
  readonly config: string;
  readonly packages: readonly string[];
  /** The arguments of Node that bundle by this file. */
  readonly command: (config: string) => readonly string[];
  /** Returns the program of the page, changed to make CommonJS. */
  readonly toCommonjs: (config: string) => string;
}

/** Runs webpack by its configuration. */
const WEBPACK = `
  import config from "./webpack.config.mjs";
  import webpack from "webpack";
  const stats = await new Promise((resolve, reject) => webpack(config, (error, done) => (error ? reject(error) : resolve(done))));
  if (stats.hasErrors()) throw new Error(stats.toString("errors-only"));`;

/** The bundlers of the page. */
export const BUNDLERS: readonly Bundler[] = [
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
    command: () => ["--input-type=module", "--eval", WEBPACK],
    toCommonjs: (config) =>
      config
        .replace(', filename: "app.mjs", module: true', ', filename: "app.cjs"')
        .replace("  experiments: { outputModule: true },\n", "")
        .replace("import better", "commonjs better"),
  },
];
