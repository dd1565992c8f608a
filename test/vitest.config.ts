import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { configDefaults, defineConfig } from "vitest/config";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The tests that need Postgres, Redis or NATS. */
const ENGINES = [
  "test/**/*.engines.test.ts",
  "test/support/engines/*.test.ts",
  "test/system/cluster/*.test.ts",
  "test/stores/!(conformance|shared|sqlite)/*.test.ts",
];

/** The tests of applications on hosts, of their end, of the pages' programs, and of the built site. Some have installs of their own. They take minutes. */
const EXAMPLES = [
  "test/system/{docs,docs-deployment}.test.ts",
  "test/system/examples/{hosts,next,odoo-move,plugins,rxjs,shutdown}.test.ts",
  "test/system/shutdown/*.test.ts",
  "test/system/site.test.ts",
];

/** The tests of frameworks, which install and build them for minutes. */
const FRAMEWORKS = ["test/frameworks/*.test.ts"];

/** The tests of the packed package. Their tools have an install of their own. */
const PACKAGING = ["test/packaging/*.test.ts"];

/** The tests that other runtimes run by `npm run test:runtimes`, by a configuration of their own. */
const RUNTIMES = ["test/runtimes/suites/*.test.ts"];

/** The limits end what hangs. They measure nothing: a busy disk makes an engine ten times as slow. */
const common = { testTimeout: 60_000, hookTimeout: 60_000, typecheck: { enabled: false } };

export default defineConfig({
  root,
  resolve: { tsconfigPaths: true },
  test: {
    globalSetup: [fileURLToPath(new URL("support/build.ts", import.meta.url))],
    // Many tests wait for processes and connections: on two cores, three files at a time take half as long as one.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    projects: [
      {
        extends: true,
        test: {
          ...common,
          name: "alone",
          include: ["test/**/*.test.ts", "examples/**/*.test.ts"],
          exclude: [...configDefaults.exclude, ...ENGINES, ...EXAMPLES, ...PACKAGING, ...FRAMEWORKS, ...RUNTIMES],
        },
      },
      { extends: true, test: { ...common, name: "engines", include: ENGINES } },
      { extends: true, test: { ...common, name: "examples", include: EXAMPLES } },
      {
        extends: true,
        test: {
          ...common,
          name: "packaging",
          include: PACKAGING,
          globalSetup: [fileURLToPath(new URL("packaging/installed.ts", import.meta.url))],
          testTimeout: 120_000, // compilers and bundlers start cold
        },
      },
      { extends: true, test: { ...common, name: "frameworks", include: FRAMEWORKS } },
    ],
  },
});
