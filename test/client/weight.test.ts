import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, it, vi } from "vitest";

it("weighs at most 4,900 bytes with everything, and imports nothing", async () => {
  const { outputFiles, metafile } = await build({
    entryPoints: [fileURLToPath(new URL("../../src/client/client.ts", import.meta.url))],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    write: false,
    metafile: true,
  });
  expect(gzipSync(outputFiles[0]!.contents, { level: 9 }).length).toBeLessThanOrEqual(4_900);
  expect(Object.values(metafile.outputs).flatMap(({ imports }) => imports)).toEqual([]);
});

it("is built into one file", () => {
  const built = readFileSync(fileURLToPath(new URL("../../dist/client.js", import.meta.url)), "utf8");
  expect(built).toContain("export {");
  expect(built).not.toMatch(/^import /m);
});

it("is built minified, too, into a file that works and is in the tarball", async () => {
  const root = new URL("../../", import.meta.url);
  const { exports } = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));
  const file = new URL(exports["./client.min.js"].default, root);
  expect(gzipSync(readFileSync(file), { level: 9 }).length).toBeLessThanOrEqual(4_800);
  const { connect, ClientError } = await import(/* @vite-ignore */ file.href);
  const fetch = vi.fn(() => new Promise(() => {}));
  const client = connect("/bus", { channels: ["a"], fetch });
  await vi.waitFor(() => expect(fetch).toHaveBeenCalledWith("/bus/events?channels=a", expect.anything()));
  client.close();
  expect(() => connect()).toThrow(ClientError);
  const packed = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: root,
    encoding: "utf8",
  });
  expect(packed).toContain('"dist/client.min.js"');
});
