import { build } from "esbuild";
import { defineConfig } from "tsup";
import { buildCommonjs } from "./build/commonjs.ts";
import { entryOf, modules, nameOf } from "./build/entries.ts";

export default defineConfig({
  entry: Object.fromEntries(modules().map((subpath) => [nameOf(subpath), entryOf(subpath)])),
  format: "esm",
  target: "node20",
  dts: false, // build/declarations.ts writes the types
  sourcemap: true,
  clean: true,
  // `Bus` has to be one class over all subpaths, so shared code goes into shared chunks.
  splitting: true,
  removeNodeProtocol: false, // some modules of Node have no other name
  esbuildPlugins: [
    {
      name: "the client stays one file, which a server can hand to a page",
      setup(build) {
        build.onResolve({ filter: /\/client\/client\.ts$/ }, ({ kind }) =>
          kind === "entry-point" ? undefined : { path: "./client.js", external: true },
        );
      },
    },
  ],
  async onSuccess() {
    // The client for those who serve it as a file; built last, since the rest begins by clearing the folder.
    await build({
      entryPoints: { "client.min": "src/client/client.ts" },
      outdir: "dist",
      bundle: true,
      minify: true,
      sourcemap: true,
      format: "esm",
      platform: "browser",
      target: "es2022",
    });
    await buildCommonjs();
  },
});
