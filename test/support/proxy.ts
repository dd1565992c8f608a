import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { eventually } from "./eventually.ts";

interface Program {
  readonly program: string;
  readonly file: string;
  /** The arguments that run the proxy in the foreground. */
  readonly args: (folder: string, file: string) => readonly string[];
  /** The signal to the first process, or the arguments of a second one, that make the proxy read its file anew. */
  readonly reload: NodeJS.Signals | ((file: string) => readonly string[]);
}

/** The proxies of the page on deployment, by the kind of their block. */
export const PROXIES = {
  nginx: {
    program: "/usr/sbin/nginx",
    file: "nginx.conf",
    args: (folder, file) => ["-p", folder, "-c", file, "-g", `daemon off; pid ${folder}/pid;`],
    reload: "SIGHUP",
  },
  haproxy: {
    program: "/usr/sbin/haproxy",
    file: "haproxy.cfg",
    args: (_, file) => ["-W", "-db", "-f", file],
    reload: "SIGUSR2",
  },
  caddyfile: {
    program: "/usr/bin/caddy",
    file: "Caddyfile",
    args: (_, file) => ["run", "--config", file, "--adapter", "caddyfile"],
    reload: (file) => ["reload", "--force", "--config", file, "--adapter", "caddyfile"],
  },
} as const satisfies Readonly<Record<string, Program>>;

/** A proxy that runs with a configuration. */
export class ProxyProcess {
  readonly #program: Program;
  readonly #folder = mkdtempSync(join(tmpdir(), "nightbus-proxy-"));
  readonly #path: string;
  readonly #health: string;
  readonly #env: NodeJS.ProcessEnv;
  #process: ChildProcess | undefined;

  /** `health` is an address that the proxy passes on. */
  constructor(kind: keyof typeof PROXIES, configuration: string, health: string) {
    this.#program = PROXIES[kind];
    this.#path = join(this.#folder, this.#program.file);
    this.#health = health;
    this.#env = { ...process.env, HOME: this.#folder };
    writeFileSync(this.#path, configuration);
  }

  /** True if the program of this kind is missing. In CI it may not be. */
  static isMissing(kind: keyof typeof PROXIES): boolean {
    return !existsSync(PROXIES[kind].program) && process.env["CI"] === undefined;
  }

  /** Starts the proxy, and waits until it answers. */
  async start(): Promise<void> {
    const args = this.#program.args(this.#folder, this.#path);
    this.#process = spawn(this.#program.program, args, { stdio: "ignore", env: this.#env });
    await eventually(
      () => `${this.#program.program} answers`,
      async () => (await fetch(this.#health)).status === 200,
      10_000,
    );
  }

  /** Makes the proxy read its configuration anew, as after an edit. */
  async reload(): Promise<void> {
    const { program, reload } = this.#program;
    if (typeof reload === "string") this.#process!.kill(reload);
    else await promisify(execFile)(program, [...reload(this.#path)], { env: this.#env, timeout: 10_000 });
  }

  /** Ends the proxy with all its connections. */
  async kill(): Promise<void> {
    if (this.#process === undefined || this.#process.exitCode !== null) return;
    const closed = once(this.#process, "close");
    this.#process.kill("SIGTERM");
    await closed;
  }

  /** Ends the proxy, and removes its files. */
  async end(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
