import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const TSC = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));
const PACKAGE = fileURLToPath(new URL("../..", import.meta.url));
const PROGRAM = `import { connect } from "nightbus/client";
const bus = connect("/bus", { channels: ["a"], storage: { getItem: () => null, setItem() {} }, credentials: "include" });
bus.on("status", (status, reason) => [status, reason?.code]);
bus.on("notification", ({ id }) => id);
export const loop = bus.subscribe(["a"]);
`;

it.each([["es2022"], ["es2022,dom"]])("compiles the client's types with the library %s alone", (lib) => {
  const folder = mkdtempSync(join(tmpdir(), "nightbus-types-"));
  try {
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(PACKAGE, join(folder, "node_modules/nightbus"));
    writeFileSync(join(folder, "page.ts"), PROGRAM);
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    const options = ["--strict", "--noEmit", "--skipLibCheck", "false", "--target", "es2022", "--module", "esnext"];
    const args = [TSC, ...options, "--moduleResolution", "bundler", "--lib", lib, "--typeRoots", "none", "page.ts"];
    let said = "";
    try {
      execFileSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
    } catch (failed) {
      said = String((failed as { stdout?: unknown }).stdout);
    }
    expect(said).toBe("");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
