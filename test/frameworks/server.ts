import { type ChildProcess, exec, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { eventually } from "../support/eventually.ts";
import { root } from "../support/language.ts";
import { freePort } from "../support/page-programs.ts";

const run = promisify(exec);
const folder = join(root, "test/frameworks");

/** The application of one framework, run as its manifest says. */
export class Server {
  readonly name: string;
  address = "";
  #process: ChildProcess | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** Builds the application, if its manifest has a script for that. */
  async build(): Promise<void> {
    const { build } = this.#scripts();
    if (build !== undefined) await run(build, { cwd: this.#folder(), env: environment(this.#folder()) });
  }

  /** Runs a script of the manifest, and waits until the mount answers. */
  async start(script: string): Promise<void> {
    const port = await freePort();
    const env = { ...environment(this.#folder()), PORT: `${port}`, HOST: "127.0.0.1" };
    const running = spawn(`exec ${this.#scripts()[script]}`, {
      cwd: this.#folder(),
      env,
      shell: true,
      stdio: "inherit",
    });
    this.#process = running;
    this.address = `http://localhost:${port}`;
    const isUp = async (): Promise<boolean> => {
      if (running.exitCode !== null) throw new Error(`${this.name} ended with ${running.exitCode}`);
      return (await fetch(`${this.address}/longpolling/health`)).ok;
    };
    await eventually(() => `${this.name} is up`, isUp, 60_000);
  }

  /** Returns the counters of the application's bus. */
  async stats(): Promise<{ readonly streams: number; readonly waiters: number }> {
    return (await fetch(`${this.address}/stats`)).json() as Promise<{ streams: number; waiters: number }>;
  }

  /** Sends a signal. Resolves with the ms until the process has ended, and with its exit code. */
  async stop(signal: NodeJS.Signals): Promise<{ readonly ms: number; readonly code: number | null }> {
    const running = this.#process!;
    const began = performance.now();
    if (running.exitCode === null && running.signalCode === null) {
      const ended = once(running, "exit");
      running.kill(signal);
      await ended;
    }
    return { ms: performance.now() - began, code: running.exitCode };
  }

  #folder(): string {
    return join(folder, this.name);
  }

  #scripts(): Readonly<Record<string, string | undefined>> {
    return JSON.parse(readFileSync(join(this.#folder(), "package.json"), "utf8")).scripts;
  }
}

/** The environment of a user who has the Node.js and the programs of this folder on the path. */
function environment(own: string): NodeJS.ProcessEnv {
  const { NODE_ENV: _, VITEST: __, TEST: ___, ...rest } = process.env;
  const bins = [own, folder].map((place) => join(place, "node_modules/.bin"));
  return { ...rest, PATH: [...bins, rest["PATH"]].join(delimiter), ASTRO_TELEMETRY_DISABLED: "1" };
}
