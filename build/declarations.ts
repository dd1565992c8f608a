// Writes the types of the package into dist/types: a file for each module that a subpath of the package reaches, under its own name.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { writeCommonjsTypes } from "./commonjs-types.ts";
import { entryOf, modules } from "./entries.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const types = join(root, "dist/types");
const IMPORT = /(from |import\()"(\.[^"]+)\.ts"/g;

const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
const { options } = ts.parseJsonConfigFileContent({ ...config, include: ["src"] }, ts.sys, root);
const entries = modules().map((subpath) => join(root, entryOf(subpath)));
const program = ts.createProgram(entries, {
  ...options,
  noEmit: false,
  noCheck: true, // `npm run check` does
  declaration: true,
  emitDeclarationOnly: true,
  stripInternal: true,
  outDir: types,
  rootDir: join(root, "src"),
});

const emitted = new Map<string, string>();
program.emit(undefined, (file, text) => emitted.set(file, withoutUnused(text)));

rmSync(types, { recursive: true, force: true });
// An earlier build may have left types, also elsewhere in dist.
for (const file of readdirSync(join(root, "dist"), { recursive: true, encoding: "utf8" })) {
  if (file.endsWith(".d.ts")) rmSync(join(root, "dist", file));
}
const waiting = entries.map((entry) => join(types, relative(join(root, "src"), entry)).replace(/\.ts$/, ".d.ts"));
const faces = [...waiting];
const written = new Set<string>();
for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
  if (written.has(file)) continue;
  written.add(file);
  const text = emitted.get(file);
  if (text === undefined) throw new Error(`the compiler made no ${relative(root, file)}`);
  for (const [, , path] of text.matchAll(IMPORT)) waiting.push(`${join(dirname(file), path!)}.d.ts`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text.replace(IMPORT, '$1"$2.js"'));
}
writeCommonjsTypes(faces);

/** Returns declarations without the imports that only internal members needed, which `stripInternal` left out. */
function withoutUnused(text: string): string {
  return text.replace(/^import (type )?\{ ([^}]*) \} from ("[^"]+");\n/gm, (line, type = "", list: string, from) => {
    const isUsed = (name: string): boolean =>
      text.replace(line, "").search(new RegExp(`(?<![\\w$])${name.split(" ").at(-1)}(?![\\w$])`)) >= 0;
    const used = list.split(", ").filter(isUsed);
    return used.length === 0 ? "" : `import ${type}{ ${used.join(", ")} } from ${from};\n`;
  });
}
