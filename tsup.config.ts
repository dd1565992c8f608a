import { existsSync, readFileSync } from "node:fs";
import { build } from "esbuild";
import { defineConfig } from "tsup";

const { exports } = JSON.parse(readFileSync("package.json", "utf8")) as { exports: Record<string, unknown> };

export default defineConfig({
  entry: Object.fromEntries(Object.keys(exports).filter(isModule).map(entryOf)),
  format: "esm",
  target: "node20",
  dts: true,
  clean: true,
  // `Bus` has to be one class over all subpaths, so shared code goes into shared chunks.
  splitting: true,
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
      format: "esm",
      platform: "browser",
      target: "es2022",
    });
  },
});

// `client.min.js` is built by itself, and the manifest is no module.
function isModule(subpath: string): boolean {
  return !subpath.endsWith(".js") && !subpath.endsWith(".json");
}

/** The source of a subpath of the package, found by its name: a store, a mount, or a folder of its own. */
function entryOf(subpath: string): [name: string, source: string] {
  const name = subpath === "." ? "index" : subpath.slice(2);
  const places = ["", "stores/", "http/", `${name}/`].map((folder) => `src/${folder}${name}.ts`);
  const folders = ["", "testing/"].map((folder) => `src/${folder}${name}/index.ts`);
  const source = [...places, ...folders].find((place) => existsSync(place));
  if (source === undefined) throw new Error(`package.json exports ${subpath}, and no file of src has that name`);
  return [name, source];
}
