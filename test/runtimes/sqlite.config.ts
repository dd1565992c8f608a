import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** The tests of the store on SQLite, over the driver that the runtime itself has. They test the source. */
export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  resolve: {
    tsconfigPaths: true,
    alias: { "better-sqlite3": fileURLToPath(new URL("without-better-sqlite3.ts", import.meta.url)) },
  },
  test: {
    include: [
      "test/stores/sqlite/*.test.ts",
      "test/stores/conformance/{bus,store}.test.ts",
      "test/system/faults/{corrupt,full,locked}.test.ts",
    ],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
