import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));
const place = join(root, "test/system/commonjs");
// Beside the jest of that project, with a node_modules of its own, into which nightbus is put as npm does.
const folder = join(place, `run-${process.pid}`);

const isInCi = process.env["CI"] !== undefined;
const hasTypes = existsSync(join(root, "dist/types/index.d.ts")) || isInCi;
const hasJest = existsSync(join(place, "node_modules")) || isInCi;

/** The programs of the page, by the names in their first lines. */
const programs = new Map(
  [...readFileSync(join(root, "docs/commonjs.md"), "utf8").matchAll(/^```[jt]s\n\/\/ (\S+)\n([\s\S]*?)^```/gm)].map(
    ([, name, text]) => [name!, text!],
  ),
);

beforeAll(() => {
  for (const name of ["p-defer", "tiny-typed-emitter"]) {
    cpSync(join(root, "node_modules", name), join(folder, "node_modules", name), { recursive: true });
  }
  mkdirSync(join(folder, "node_modules/nightbus"));
  for (const name of ["dist", "package.json"]) {
    cpSync(join(root, name), join(folder, "node_modules/nightbus", name), { recursive: true });
  }
  writeFileSync(join(folder, "package.json"), '{ "name": "application", "private": true, "type": "commonjs" }');
  for (const [name, text] of programs) writeFileSync(join(folder, name), text);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the page on CommonJS", () => {
  it("has the programs that are run here", () => {
    expect([...programs.keys()]).toEqual([
      "server.cjs",
      "server.ts",
      "server16.ts",
      "jest.config.js",
      "checkout.test.js",
      "imported.test.js",
    ]);
  });

  it("has a server that Node runs by require", async () => {
    expect((await run(process.execPath, ["server.cjs"], { cwd: folder })).stdout).toBe("true\n");
  });
});

describe.skipIf(!hasTypes)("TypeScript in a CommonJS project (it needs `npm run build`)", { timeout: 60_000 }, () => {
  it.each(["node20", "nodenext"])("takes the import as it stands under module %s", async (module) => {
    expect(await compiled("server.ts", module)).toBe("true\n");
  });

  it.each(["node16", "node18"])("takes it at run time under module %s, and says why not otherwise", async (module) => {
    expect(await compiled("server16.ts", module)).toBe("true\n");
    await expect(compiled("server.ts", module)).rejects.toMatchObject({ stdout: expect.stringContaining("TS1479") });
  });
});

describe.skipIf(!hasJest)("jest in a CommonJS project (it needs `npm ci --prefix test/system/commonjs`)", () => {
  it("runs a test that requires nightbus, which is transformed", { timeout: 60_000 }, async () => {
    expect(await jest("checkout.test.js", {})).toMatch(/Tests: +1 passed/);
  });

  it("runs a test that imports it, where jest loads ES modules", { timeout: 60_000 }, async () => {
    expect(await jest("imported.test.js", { NODE_OPTIONS: "--experimental-vm-modules" }, "{}")).toMatch(
      /Tests: +1 passed/,
    );
  });
});

/** Compiles a program as a user does, the types of the package included, and answers what it then prints. */
async function compiled(file: string, module: string): Promise<string> {
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  const types = ["--types", "node", "--typeRoots", join(root, "node_modules/@types")];
  const args = ["--module", module, "--target", "es2022", "--strict", ...types, "--outDir", module, file];
  await run(process.execPath, [tsc, ...args], { cwd: folder });
  const { stdout } = await run(process.execPath, [join(module, file.replace(".ts", ".js"))], { cwd: folder });
  return stdout;
}

async function jest(file: string, env: NodeJS.ProcessEnv, config = "jest.config.js"): Promise<string> {
  const bin = join(place, "node_modules/jest/bin/jest.js");
  const { stderr } = await run(process.execPath, [bin, "--config", config, "--rootDir", folder, file], {
    cwd: folder,
    env: { ...process.env, CI: "true", ...env },
  });
  return stderr;
}
