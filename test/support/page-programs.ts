import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import ts from "typescript";
import { afterAll, beforeAll, expect } from "vitest";
import { type Block, root } from "./pages.ts";

const execute = promisify(execFile);
const tsx = createRequire(import.meta.url).resolve("tsx");

/** The programs of pages, written where `nightbus` means this one. */
export interface PagePrograms {
  /** Returns the compiler's complaints about these programs under the project's own strict flags. */
  complaints(blocks: readonly Block[]): readonly string[];
  /** Runs a program, and expects the lines that it says it prints. One that waits for SIGTERM gets it, while a client streams. */
  run(block: Block, env?: NodeJS.ProcessEnv): Promise<void>;
}

/** Prepares a folder for programs, until the end of the test file. */
export function pagePrograms(): PagePrograms {
  const folder = join(root, "test", `pages-${process.pid}`);
  beforeAll(() => void mkdirSync(folder, { recursive: true }));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  return {
    complaints(blocks) {
      const files = blocks.map((block) => {
        const file = join(folder, `checked-${nameOf(block)}.ts`);
        writeFileSync(file, `${block.text}\nexport {};\n`);
        return file;
      });
      const { compilerOptions } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile).config as {
        compilerOptions: object;
      };
      const { options } = ts.convertCompilerOptionsFromJson({ ...compilerOptions, noUnusedLocals: false }, root);
      return ts
        .getPreEmitDiagnostics(ts.createProgram(files, options))
        .map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`);
    },

    async run(block, env = {}) {
      const file = join(folder, `run-${nameOf(block)}.${block.kind === "js" ? "mjs" : "ts"}`);
      const port = await freePort();
      writeFileSync(file, endingBy(block.text, port));
      const loader = block.kind === "js" ? [] : ["--import", tsx];
      const cwd = mkdtempSync(join(tmpdir(), "nightbus-")); // programs make files
      const settings = { cwd, env: { ...environment(), ...env }, timeout: 25_000 };
      const { stdout } = await execute(process.execPath, [...loader, file], settings).finally(() =>
        rmSync(cwd, { recursive: true, force: true }),
      );
      const said = [...block.text.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, output]) => output);
      expect(stdout.split("\n").filter((line) => line !== "")).toEqual(said);
    },
  };
}

/** The environment of a program: nothing of the test's own but the way to node and to this nightbus. */
export function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env["PATH"], HOME: process.env["HOME"], TSX_TSCONFIG_PATH: join(root, "tsconfig.json") };
}

/** Resolves with a port on which nothing listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Returns the program with an end: a server would go on for ever. */
function endingBy(text: string, port: number): string {
  const placed = text.replace(/\b(listen\(|port: )300\d\b/g, `$1${port}`);
  const imports = placed.match(/^import .*$/gm)?.join("\n") ?? "";
  const rest = placed.replace(/^import .*$/gm, "").replace(/^export .*$/gm, "");
  const end = text.includes('process.once("SIGTERM"')
    ? `const held = await fetch("http://localhost:${port}/longpolling/events?channels=lobby");
       if (held.status !== 200) throw new Error(String(held.status));
       process.kill(process.pid, "SIGTERM");
       for await (const _ of held.body!);`
    : "setImmediate(() => process.exit());";
  return `${imports}\n${rest}\n${end}\nexport {};\n`;
}

function nameOf({ page, line }: Block): string {
  return `${page.replace(/\W/g, "-")}-${line}`;
}
