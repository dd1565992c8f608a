import { build } from "esbuild";
import { defineConfig } from "tsup";

export default defineConfig({
  entry: {
    index: "src/index.ts",
    sqlite: "src/stores/sqlite.ts",
    postgres: "src/stores/postgres.ts",
    nats: "src/stores/nats.ts",
    redis: "src/stores/redis.ts",
    node: "src/http/node.ts",
    fetch: "src/http/fetch.ts",
    express: "src/http/express.ts",
    koa: "src/http/koa.ts",
    hono: "src/http/hono.ts",
    fastify: "src/http/fastify.ts",
    client: "src/client/client.ts",
    testing: "src/testing/index.ts",
    conformance: "src/testing/conformance/index.ts",
  },
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
