import { existsSync, readFileSync } from "node:fs";

/** Returns the subpaths of the package that are modules. `client.min.js` is built by itself, and the manifest is no module. */
export function modules(): readonly string[] {
  const { exports } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    exports: object;
  };
  return Object.keys(exports).filter((subpath) => !/\.js(on)?$/.test(subpath));
}

/** Returns the name of a subpath's file in dist, which has no folders: `client-presence` of `./client/presence`. */
export function nameOf(subpath: string): string {
  return sourceOf(subpath).replaceAll("/", "-");
}

/** Returns the source of a subpath, found by its name: a store, a mount, or a folder of its own. Throws if there is none. */
export function entryOf(subpath: string): string {
  const name = sourceOf(subpath);
  const places = ["", "stores/", "http/", `${name}/`].map((folder) => `src/${folder}${name}.ts`);
  const folders = ["", "testing/"].map((folder) => `src/${folder}${name}/index.ts`);
  const source = [...places, ...folders].find((place) => existsSync(new URL(`../${place}`, import.meta.url)));
  if (source === undefined) throw new Error(`package.json exports ${subpath}, and no file of src has that name`);
  return source;
}

function sourceOf(subpath: string): string {
  return subpath === "." ? "index" : subpath.slice(2);
}
