import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, it, vi } from "vitest";

/** Bundles a module of the client for a page. */
async function bundled(file: string) {
  const { outputFiles, metafile } = await build({
    entryPoints: [fileURLToPath(new URL(`../../src/client/${file}`, import.meta.url))],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    write: false,
    metafile: true,
  });
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
  return {
    size: gzipSync(outputFiles[0]!.contents, { level: 9 }).length,
    imports,
    inputs: Object.keys(metafile.inputs),
  };
}

it("weighs at most 4,900 bytes with everything, and imports nothing", async () => {
  const { size, imports, inputs } = await bundled("client.ts");
  expect(size).toBeLessThanOrEqual(4_900);
  expect(imports).toEqual([]);
  expect(inputs.filter((file) => file.includes("queue"))).toEqual([]);
});

it("has a queue of at most 3,800 bytes, which brings no second copy of the client", async () => {
  const { size, imports, inputs } = await bundled("queue.ts");
  expect(size).toBeLessThanOrEqual(3_800);
  expect(imports).toEqual([]);
  expect(inputs.filter((file) => !/client\/queue/.test(file))).toEqual([]);
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
  expect(gzipSync(readFileSync(file), { level: 9 }).length).toBeLessThanOrEqual(4_900);
  const { connect, ClientError } = await import(/* @vite-ignore */ file.href);
  const fetch = vi.fn(() => new Promise(() => {}));
  const client = connect("/bus", { channels: ["a"], fetch });
  const address = expect.stringMatching(/^\/bus\/events\?channels=a&_=[\d.e-]+$/);
  await vi.waitFor(() => expect(fetch).toHaveBeenCalledWith(address, expect.anything()));
  client.close();
  expect(() => connect()).toThrow(ClientError);
  const packed = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: root,
    encoding: "utf8",
  });
  expect(packed).toContain('"dist/client.min.js"');
});
