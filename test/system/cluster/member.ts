import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { eventually } from "../../support/eventually.ts";
import type { Ledger } from "./ledger.ts";
import type { Line } from "./lines.ts";
import type { StoreName } from "./stores.ts";

export interface MemberOptions {
  /** Never used before: it names its sends. */
  readonly name: string;
  readonly store: StoreName;
  readonly connection: string;
  readonly lanes: number;
  /** The ms that a lane rests between two sends. */
  readonly rest: number;
  readonly ledger: Ledger;
}

const SCRIPT = fileURLToPath(new URL("./node.ts", import.meta.url));
const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** A node of the cluster: its process, as the test sees it. */
export class Member {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #ledger: Ledger;
  #rest = "";
  #isExpectedToEnd = false;
  #port: number | undefined;
  #acknowledged = 0;
  #isGone = false;
  #hasStopped = false;
  #hasMarked = false;
  #trouble = "";

  constructor({ name, store, connection, lanes, rest, ledger }: MemberOptions) {
    this.name = name;
    this.#ledger = ledger;
    const args = ["--import", "tsx", SCRIPT, store, connection, name, String(lanes), String(rest)];
    this.#child = spawn(process.execPath, args, { cwd: ROOT, stdio: ["pipe", "pipe", "pipe"] });
    this.#child.stdout!.on("data", (text: Buffer) => this.#hear(text.toString()));
    this.#child.stderr!.on("data", (text: Buffer) => {
      this.#trouble = (this.#trouble + text.toString()).slice(-2_000);
    });
    this.#child.stdin!.on("error", () => {}); // the member was killed
    this.#child.once("close", (code, signal) => {
      this.#port = undefined;
      this.#isGone = true;
      if (this.#isExpectedToEnd && (code === 0 || signal === "SIGKILL")) return;
      ledger.violated(`node ${name} ended by itself with ${code ?? signal}, saying: ${this.#trouble}`);
    });
  }

  /** The address of the node; undefined before and after its life. */
  get port(): number | undefined {
    return this.#port;
  }

  /** Resolves when it listens. */
  async ready(): Promise<void> {
    await this.#comesAbout("listens", () => this.#port !== undefined);
  }

  /** Resolves when it has acknowledged something from now on. */
  async works(): Promise<void> {
    const before = this.#acknowledged;
    await this.#comesAbout("acknowledges a send again", () => this.#acknowledged > before);
  }

  /** Resolves when its writers have ended and each of its sends has settled. */
  async stop(): Promise<void> {
    this.#child.stdin!.write("stop\n");
    await this.#comesAbout("has settled all of its sends", () => this.#hasStopped);
  }

  /** Resolves when one more send is acknowledged. */
  async mark(): Promise<void> {
    this.#child.stdin!.write("mark\n");
    await this.#comesAbout("acknowledges a last send", () => this.#hasMarked);
  }

  /** Sends it to sleep in whatever it does, for as long as `asleep` takes. */
  async pause(asleep: () => Promise<void>): Promise<void> {
    this.#child.kill("SIGSTOP");
    try {
      await asleep();
    } finally {
      this.#child.kill("SIGCONT");
    }
  }

  /** Resolves when its process is gone and all that it has printed is heard. */
  async kill(): Promise<void> {
    this.#isExpectedToEnd = true;
    this.#port = undefined;
    if (this.#isGone) return;
    const closed = once(this.#child, "close");
    this.#child.kill("SIGKILL");
    await closed;
  }

  /** Resolves when it has closed its bus and ended. */
  async close(): Promise<void> {
    this.#isExpectedToEnd = true;
    this.#child.stdin!.write("close\n");
    await this.#comesAbout("ends when it is told to", () => this.#isGone);
  }

  async #comesAbout(what: string, condition: () => boolean): Promise<void> {
    const said = () => (this.#trouble === "" ? "" : `; it said last: ${this.#trouble}`);
    await eventually(() => `node ${this.name} ${what}${said()}`, condition, 30_000);
  }

  #hear(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop()!; // work that a killed member left unfinished does not count
    for (const line of lines) this.#note(JSON.parse(line) as Line);
  }

  #note(line: Line): void {
    if ("listening" in line) this.#port = line.listening;
    if ("stopped" in line) this.#hasStopped = true;
    if ("marked" in line) this.#hasMarked = true;
    if ("error" in line) this.#trouble = line.error;
    if ("broken" in line) this.#ledger.violated(`node ${this.name}: ${line.broken}`);
    if ("rejected" in line) {
      this.#trouble = line.message;
      this.#ledger.rejected(this.name, line);
    }
    if ("ack" in line) {
      this.#acknowledged += 1;
      this.#ledger.acknowledged(this.name, line.ack, line.ids);
    }
  }
}
