import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { application, packedPackage } from "./packed.ts";
import { runtimeHere } from "./runtimes.ts";

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
    exclude: runtimeHere().startsWith("Node") ? ["**/own-server.test.ts"] : [], // its server is that of node:http
    testTimeout: 20_000,
    hookTimeout: 60_000,
    maxConcurrency: 20,
    maxWorkers: 2,
  },
});
