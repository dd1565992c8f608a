import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vitest/config";
import { entryOf, modules } from "../../build/entries.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The folder of the application, in whose `node_modules` the packed package lies. */
export const application = fileURLToPath(new URL("application", import.meta.url));

/** Modules of `src` that export what a subpath exports, with that subpath. */
const SOURCES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(modules().map((subpath) => [entryOf(subpath), subpath])),
  "src/bus.ts": ".",
  "src/errors.ts": ".",
  "src/notification.ts": ".",
  "src/testing/conformance/bus.ts": "./conformance",
  "src/testing/conformance/store.ts": "./conformance",
  "src/testing/fake/manual-clock.ts": "./testing",
};

/** Sources that suites import and the package does not export: helpers, and a store that no suite opens here. */
const HELPERS = [
  "src/util/ids.ts",
  "src/util/clock.ts",
  "src/testing/conformance/bus/topic.ts",
  "src/testing/conformance/recorder.ts",
  "src/stores/memory.ts",
];

/** Returns true if tests on the packed package may import this file of the repository. */
export function isAllowed(source: string): boolean {
  return !source.startsWith("src/") || source in SOURCES || HELPERS.includes(source);
}

/**
 * Gives the packed package to tests that import sources. Refuses all other modules of `src`, which would not be the
 * modules that users get.
 */
export function packedPackage(): Plugin {
  const { exports } = JSON.parse(readFileSync(join(application, "node_modules/nightbus/package.json"), "utf8")) as {
    exports: Readonly<Record<string, { readonly default: string }>>;
  };
  const fileOf = (subpath: string): string => join(application, "node_modules/nightbus", exports[subpath]!.default);
  return {
    name: "the packed package",
    enforce: "pre",
    resolveId(specifier, importer) {
      if (/^nightbus(\/|$)/.test(specifier)) return fileOf(specifier.replace("nightbus", "."));
      if (!specifier.startsWith(".") || importer === undefined) return undefined;
      const source = resolve(dirname(importer), specifier).slice(root.length);
      const subpath = SOURCES[source];
      if (subpath !== undefined) return fileOf(subpath);
      if (isAllowed(source) || importer.startsWith(join(root, "src/"))) return undefined;
      throw new Error(`${source} is no part of the packed package: ${importer} must import an export`);
    },
  };
}
