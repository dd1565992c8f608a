import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../support/language.ts";

/** The part of `semver` that tests use. */
interface Semver {
  /** True if all versions of the first range are in the second. */
  subset(range: string, of: string): boolean;
}

interface Locked {
  readonly version?: string;
  readonly optional?: true;
  /** Some packages of long ago have a list here. */
  readonly engines?: { readonly node?: string };
}

const semver = createRequire(import.meta.url)("semver") as Semver;
const read = <T>(file: string): T => JSON.parse(readFileSync(join(root, file), "utf8")) as T;

/** Every version of Node from 20.19 on that is in the README's table. */
const NODES = [">=20.19.0 <21", ">=22.22.0 <23", ">=24.15.0 <25", ">=26.0.0 <27"];

/** The versions of Node that install each folder. */
const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  "": NODES,
  bench: NODES,
  docs: NODES,
  examples: NODES,
  "test/runtimes": NODES,
  "test/runtimes/application": NODES.slice(1), // `npm run test:runtimes` installs it by Node 24
  "test/packaging": NODES,
};

describe("the lock file", () => {
  it.each(Object.entries(FOLDERS))("has no package that warns of the version of Node: %s", (folder, nodes) => {
    const { packages } = read<{ packages: Readonly<Record<string, Locked>> }>(join(folder, "package-lock.json"));
    // npm leaves an optional package out, without a warning, if it refuses this version of Node or this platform.
    const needed = Object.entries(packages).filter(([path, { optional }]) => path !== "" && !optional);
    expect(needed.length).toBeGreaterThan(0);
    const refusing = needed.flatMap(([path, { version, engines }]) => {
      const range = engines?.node;
      const refused = nodes.filter((node) => range !== undefined && !semver.subset(node, range));
      return refused.length === 0 ? [] : [`${path} ${version} needs Node ${range}, not ${refused.join(", ")}`];
    });
    expect(refusing).toEqual([]);
  });
});
