import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const TSC = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));
const CLIENT = fileURLToPath(new URL("../../dist/client.js", import.meta.url));
const PROGRAM = `import { connect } from ${JSON.stringify(CLIENT)};
const bus = connect("/bus", { channels: ["a"], storage: { getItem: () => null, setItem() {} }, credentials: "include" });
bus.on("status", (status, reason) => [status, reason?.code]);
bus.on("notification", ({ id }) => id);
export const loop = bus.subscribe(["a"]);
`;

it.each([["es2022"], ["es2022,dom"]])("compiles the client's types with the library %s alone", (lib) => {
  const folder = mkdtempSync(join(tmpdir(), "nightbus-types-"));
  try {
    writeFileSync(join(folder, "page.ts"), PROGRAM);
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    const options = ["--strict", "--noEmit", "--skipLibCheck", "false", "--target", "es2022", "--module", "esnext"];
    const args = [TSC, ...options, "--moduleResolution", "bundler", "--lib", lib, "--typeRoots", folder, "page.ts"];
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
