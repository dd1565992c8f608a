import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { inject } from "vitest";
import { root } from "../support/language.ts";
import { blocksOf } from "../support/pages.ts";

const run = promisify(execFile);
const tools = join(root, "test/packaging/node_modules");

/** True if `npm ci --prefix test/packaging` has installed the tools. */
export const hasTools = existsSync(tools) || process.env["CI"] !== undefined;

/** The programs of the page, by the names in their first lines. */
export const PROGRAMS: ReadonlyMap<string, string> = new Map(
  blocksOf("docs/packaging.md").flatMap(({ text }) => {
    const [, name, body] = /^\/\/ ([\w.-]+)\n([\s\S]*)/.exec(text) ?? [];
    return name === undefined ? [] : [[name, body!]];
  }),
);

/** A new project of an application, which has nightbus from npm and the tools that it names. */
export class Project {
  readonly folder = mkdtempSync(join(dirname(inject("installed")), "project-"));

  constructor(type: "commonjs" | "module", packages: readonly string[] = []) {
    cpSync(join(inject("installed"), "node_modules"), join(this.folder, "node_modules"), { recursive: true });
    for (const name of packages) this.link(name);
    this.write({ "package.json": JSON.stringify({ private: true, type }) });
  }

  /** Puts a package of the tools, or of this checkout, beside nightbus. */
  link(name: string): void {
    const place = [tools, join(root, "node_modules")].map((folder) => join(folder, name)).find(existsSync);
    if (place === undefined) throw new Error(`no package ${name}: run "npm ci --prefix test/packaging"`);
    const link = join(this.folder, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(place, link);
  }

  /** Takes nightbus away: a bundle does without. */
  unlinkNightbus(): void {
    rmSync(join(this.folder, "node_modules/nightbus"), { recursive: true });
  }

  /** Writes files, by their names. */
  write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.folder, name), text);
  }

  /** Writes programs of the page. */
  take(...names: readonly string[]): void {
    for (const name of names) this.write({ [name]: PROGRAMS.get(name)! });
  }

  /** Runs a program of Node, and resolves with everything that it said. Rejects with that if it failed. */
  async node(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
    return this.run(process.execPath, args, env);
  }

  /** Runs a program, as `node` does. */
  async run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
    const settings = { cwd: this.folder, env: { ...environment(), ...env }, timeout: 110_000 };
    try {
      const { stdout, stderr } = await run(program, args, settings);
      return stdout + stderr;
    } catch (failed) {
      const { stdout, stderr, message } = failed as { stdout: string; stderr: string; message: string };
      throw new Error(`${message}\n${stdout}${stderr}`);
    }
  }
}

/** Returns the path of a file of a tool. */
export function toolFile(path: string): string {
  return join(tools, path);
}

/** The environment of a user: nothing of the test's own. */
export function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env["PATH"], HOME: process.env["HOME"], CI: "true", NO_COLOR: "1" };
}
