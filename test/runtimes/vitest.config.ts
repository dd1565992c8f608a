import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { application, packedPackage } from "./packed.ts";
import { runtimeHere } from "./runtimes.ts";

const ALL_BUT_OWN = ["**/own-server.test.ts"]; // the server of Node is that of node:http

/**
 * The suites that a runtime leaves out. Node 22 and 24 poll and stream at every mount. The whole suite of mounts takes a minute, so
 * that the versions below and above run it.
 */
const without: Readonly<Record<string, readonly string[]>> = {
  "Node 22": [...ALL_BUT_OWN, "**/mounts.test.ts"],
  "Node 24": [...ALL_BUT_OWN, "**/mounts.test.ts"],
  "Node 26": ALL_BUT_OWN,
  Bun: [],
  Deno: [],
};

/** The tests that a runtime runs itself, on the packed package. */
export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  plugins: [packedPackage()],
  resolve: {
    alias: Object.fromEntries(
      ["better-sqlite3", "eventsource"].map((name) => [name, `${application}/node_modules/${name}`]),
    ),
  },
  test: {
    include: ["test/runtimes/suites/*.test.ts"],
    exclude: [...without[runtimeHere()]!],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxConcurrency: 20,
    maxWorkers: 2,
  },
});
