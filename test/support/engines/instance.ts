import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/** The way to run the server of one engine. */
export interface ServerKind {
  readonly name: string;
  readonly command: string;
  /** The account that it runs under, where it refuses to run under ours. */
  readonly account?: { readonly uid: number; readonly gid: number } | undefined;
  /** The signal that ends it in an orderly way although clients are connected. */
  readonly politely: NodeJS.Signals;
  readonly args: (port: number, folder: string) => readonly string[];
  /** Fills the empty folder, once. */
  readonly prepare?: (folder: string) => Promise<void>;
  /** Rejects while it does not answer. */
  readonly answers: (port: number) => Promise<void>;
  readonly connection: (port: number) => string;
}

const PATIENCE = 30_000;

/** A server of an engine's own on loopback, with a folder of its own, which a test stops and starts as it likes. */
export class Instance {
  readonly folder = mkdtempSync(join(tmpdir(), "nightbus-engine-"));
  readonly #kind: ServerKind;
  #isPrepared = false;
  #port: number | undefined;
  #child: ChildProcess | undefined;
  readonly #killAtExit = () => void this.#child?.kill("SIGKILL");

  constructor(kind: ServerKind) {
    this.#kind = kind;
    if (kind.account !== undefined) chownSync(this.folder, kind.account.uid, kind.account.gid);
    process.on("exit", this.#killAtExit);
  }

  /** Another one after each start, since somebody may take the port of a server that is down. */
  get port(): number {
    if (this.#port === undefined) throw new Error(`${this.#kind.name} was never started`);
    return this.#port;
  }

  /** The address for a client, here or at a proxy. */
  connection(port = this.port): string {
    return this.#kind.connection(port);
  }

  /** Resolves when it answers. */
  async start(): Promise<void> {
    if (!this.#isPrepared) await this.#kind.prepare?.(this.folder);
    this.#isPrepared = true;
    const deadline = performance.now() + PATIENCE;
    let said = "";
    while (performance.now() < deadline) {
      this.#port = await freePort();
      const child = this.#spawn(this.#port);
      said = "";
      child.stderr!.on("data", (text: Buffer) => {
        said = (said + text.toString()).slice(-2_000);
      });
      if (await this.#answers(child, this.#port, deadline)) return;
      // The server may have ended because files of a killed one were still there, or because its port was taken meanwhile.
      await this.stop("SIGKILL");
      await pause(50);
    }
    throw new Error(`${this.#kind.name} did not answer within ${PATIENCE} ms; it said: ${said}`);
  }

  /** Resolves when it has ended. `politely` lets it tidy up; SIGKILL does not. */
  async stop(how: "politely" | "SIGKILL"): Promise<void> {
    const child = this.#child;
    if (child === undefined || hasEnded(child)) return;
    const ended = once(child, "exit");
    child.kill(how === "politely" ? this.#kind.politely : how);
    const slow = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
    await ended;
    clearTimeout(slow);
  }

  async close(): Promise<void> {
    await this.stop("politely");
    process.off("exit", this.#killAtExit);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 20 });
  }

  #spawn(port: number): ChildProcess {
    const { command, args, account } = this.#kind;
    const child = spawn(command, args(port, this.folder), {
      ...account,
      cwd: this.folder,
      stdio: ["ignore", "ignore", "pipe"],
    });
    child.on("error", () => {}); // a child that could not be started has ended, too
    this.#child = child;
    return child;
  }

  async #answers(child: ChildProcess, port: number, deadline: number): Promise<boolean> {
    while (!hasEnded(child) && performance.now() < deadline) {
      try {
        await this.#kind.answers(port);
        return !hasEnded(child);
      } catch {
        await pause(20);
      }
    }
    return false;
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

/** A port on which nothing listens at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // the server listens on TCP
  server.close();
  await once(server, "close");
  return port;
}
