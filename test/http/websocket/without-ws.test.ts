import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import { root } from "../../support/language.ts";

const run = promisify(execFile);

it.each([
  [
    "an ES module",
    "--input-type=module",
    'import { Bus } from "./dist/index.js"; import { websocket } from "./dist/websocket.js";',
  ],
  [
    "CommonJS",
    "--input-type=commonjs",
    'const { Bus } = require("./dist/cjs/index.cjs"); const { websocket } = require("./dist/cjs/websocket.cjs");',
  ],
])("sockets are imported without ws as %s, and their call says what to install", async (_, kind, imports) => {
  const folder = mkdtempSync(join(tmpdir(), "nightbus-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(join(root, "dist"), join(folder, "dist"), { recursive: true });
  cpSync(join(root, "package.json"), join(folder, "package.json"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(join(root, "node_modules/p-defer"), join(folder, "node_modules/p-defer"));
  const program = `${imports} try { websocket(new Bus()); } catch ({ code, message }) { console.log(code, message); }`;
  const { stdout } = await run(process.execPath, [kind, "-e", program], { cwd: folder });
  expect(stdout.trim()).toBe('bad_option nightbus/websocket needs the package ws on Node: run "npm install ws"');
});
