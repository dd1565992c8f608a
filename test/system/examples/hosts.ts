import { type ChildProcess, exec, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Runs a line of a shell. */
export const run = promisify(exec);
const root = fileURLToPath(new URL("../../..", import.meta.url));
const installed = join(root, "examples/node_modules");

/** True if `npm ci --prefix examples` has installed Next.js, Bun and Deno. */
export const hasPrograms = existsSync(join(installed, "next")) || process.env["CI"] !== undefined;

/** The fields of an example's manifest that tests read. */
export interface Manifest {
  readonly scripts: { readonly start: string; readonly build?: string };
  readonly dependencies: Readonly<Record<string, string>>;
}

/** The examples with a manifest of their own that show no host. */
const OTHERS = ["node_modules", "odoo-move"];

/** The names of the examples that are an application with a manifest of its own, one for each host. */
export const HOSTS = readdirSync(join(root, "examples"))
  .filter((name) => existsSync(join(root, "examples", name, "package.json")) && !OTHERS.includes(name))
  .sort();

/** Returns the folder of an example. */
export function folderOf(host: string): string {
  return join(root, "examples", host);
}

/** Returns the manifest of an example. */
export function manifestOf(host: string): Manifest {
  return JSON.parse(readFileSync(join(folderOf(host), "package.json"), "utf8")) as Manifest;
}

/** Returns the version of a package that an example finds. */
export function versionFor(host: string, name: string): string {
  const places = [join(folderOf(host), "node_modules"), installed, join(root, "node_modules")];
  const place = places.find((one) => existsSync(join(one, name, "package.json")));
  if (place === undefined) throw new Error(`${host} finds no package ${name}`);
  return (JSON.parse(readFileSync(join(place, name, "package.json"), "utf8")) as { version: string }).version;
}

/** An example that runs, in a process of its own. */
export class Application {
  #process: ChildProcess | undefined;
  /** The address of the server, without a slash at the end. */
  address = "";

  readonly host: string;
  readonly #variables: Readonly<Record<string, string>>;

  /** `variables` are added to the environment of a user. */
  constructor(host: string, variables: Readonly<Record<string, string>> = {}) {
    this.host = host;
    this.#variables = variables;
  }

  /** Builds the application if its manifest has a script for that. */
  async build(): Promise<void> {
    const { build } = manifestOf(this.host).scripts;
    if (build === undefined) return;
    rmSync(join(folderOf(this.host), ".next"), { recursive: true, force: true });
    await run(build, { cwd: folderOf(this.host), env: environment() });
  }

  /** Runs the script `start` on a port, by default one that the system picks, and waits for its address. */
  async start(port = "0"): Promise<void> {
    const { start } = manifestOf(this.host).scripts;
    this.#process = spawn(`exec ${start}`, {
      cwd: folderOf(this.host),
      env: { ...environment(), ...this.#variables, PORT: port },
      shell: true,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines = createInterface({ input: this.#process.stdout! });
    for await (const line of lines) {
      this.address = /http:\/\/localhost:\d+/.exec(line)?.[0] ?? "";
      if (this.address !== "") break;
    }
    this.#process.stdout!.resume();
    if (this.address === "") throw new Error(`${this.host} ended before it listened`);
  }

  /** Sends a signal to the application, and resolves with the exit code, or with the signal that ended it. */
  async stop(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null> {
    const { exitCode, signalCode } = this.#process!;
    if (exitCode !== null || signalCode !== null) return exitCode ?? signalCode;
    const ended = once(this.#process!, "exit");
    this.#process!.kill(signal);
    const [code, by] = (await ended) as [number | null, NodeJS.Signals | null];
    return code ?? by;
  }
}

/** Returns the environment of a user who has Node.js, Bun, Deno and the example's own programs on the path. */
export function environment(): NodeJS.ProcessEnv {
  const { NODE_ENV: _, VITEST: __, ...rest } = process.env;
  const PATH = [join(installed, ".bin"), dirname(process.execPath), rest["PATH"]].join(delimiter);
  return { ...rest, PATH, NEXT_TELEMETRY_DISABLED: "1" };
}
