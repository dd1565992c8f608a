import { readdirSync } from "node:fs";
import { build, type Plugin } from "esbuild";

/** Writes the modules of dist once more, as CommonJS for tools that cannot `require` ES modules. Chunks stay shared. */
export async function buildCommonjs(): Promise<void> {
  const modules = readdirSync("dist").filter((file) => file.endsWith(".js") && !file.endsWith(".min.js"));
  await build({
    entryPoints: modules.map((file) => `dist/${file}`),
    outdir: "dist/cjs",
    outExtension: { ".js": ".cjs" },
    bundle: true,
    format: "cjs",
    platform: "node",
    target: "node20",
    supported: { "dynamic-import": false }, // such a tool has no import() either
    define: { "import.meta.url": "__filename" }, // for createRequire, which takes both
    plugins: [beside],
  });
}

/** Keeps each module a file of its own. Only p-defer comes along, because that package has no CommonJS. */
const beside: Plugin = {
  name: "beside",
  setup({ onResolve }) {
    onResolve({ filter: /.*/ }, ({ path, kind }) => {
      if (kind === "entry-point" || path === "p-defer") return undefined;
      return { path: path.replace(/^(\.\/.*)\.js$/, "$1.cjs"), external: true };
    });
  },
};
