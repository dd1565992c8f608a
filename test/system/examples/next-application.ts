import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BusStats } from "../../../src/bus.ts";
import { Client } from "../../http/conformance/client.ts";
import { environment, folderOf, run } from "./hosts.ts";

/** A route that shows the counters of the bus, in a bundle of its own. */
const STATS = `import { bus } from "../../bus.js";
export const dynamic = "force-dynamic";
export const GET = () => Response.json(bus.stats());
`;

/** A copy of the example of Next.js, in which a test edits files. */
export class NextApplication {
  address = "";
  /** The output of the server until now. */
  output = "";
  /** The texts that were said in the lobby, in order. */
  readonly said: string[] = [];
  readonly #mode: "dev" | "start";
  readonly #folder: string;
  #process: ChildProcess | undefined;

  constructor(mode: "dev" | "start") {
    this.#mode = mode;
    this.#folder = folderOf(`copies/next-${mode}-${process.pid}`); // below the examples, so that it finds their packages
  }

  /** Starts the server, which was built before if the mode is `start`. */
  async start(): Promise<void> {
    const filter = (path: string): boolean => !/\/(\.next|node_modules)$/.test(path);
    cpSync(folderOf("next"), this.#folder, { recursive: true, filter });
    mkdirSync(this.#path("app/stats"));
    writeFileSync(this.#path("app/stats/route.js"), STATS);
    const settings = { cwd: this.#folder, env: { ...environment(), PORT: "0" } };
    if (this.#mode === "start") await run("next build", settings);
    const server = spawn(`exec next ${this.#mode}`, { ...settings, shell: true, stdio: ["ignore", "pipe", "pipe"] });
    this.#process = server;
    await new Promise<void>((resolve, reject) => {
      server.once("exit", () => reject(new Error(`next ${this.#mode} ended: ${this.output}`)));
      for (const stream of [server.stdout, server.stderr])
        stream.setEncoding("utf8").on("data", (text: string) => {
          this.output += text;
          this.address ||= /http:\/\/localhost:\d+/.exec(this.output)?.[0] ?? "";
          if (this.address) resolve();
        });
    });
  }

  /** Ends the server, and removes the copy. */
  async stop(): Promise<void> {
    if (this.#process?.exitCode === null) {
      const ended = once(this.#process, "exit");
      this.#process.kill("SIGTERM");
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Replaces a text in a file, once. */
  edit(file: string, before: string | RegExp, after: string): void {
    const text = readFileSync(this.#path(file), "utf8");
    const edited = text.replace(before, after);
    if (edited === text) throw new Error(`${file} has no ${before}`);
    writeFileSync(this.#path(file), edited);
  }

  /** Says a text in the lobby. */
  async say(text: string): Promise<void> {
    const { status } = await this.#client().post("send", JSON.stringify({ entries: [["lobby", { text }]] }));
    if (status !== 200) throw new Error(`send was answered ${status}`);
    this.said.push(text);
  }

  /** Polls the lobby from a position. */
  async poll(last: number): Promise<unknown> {
    return (await this.#client().poll({ channels: ["lobby"], last, timeout: 0 })).json;
  }

  /** Returns the sentence by which the route refuses a stranger. */
  async refusal(): Promise<string> {
    const { json } = await this.#client().poll({ channels: ["staff"], timeout: 0 });
    return (json as { error: { message: string } }).error.message;
  }

  /** Returns the counters of the bus that a further bundle sees. */
  async stats(): Promise<BusStats> {
    return (await fetch(`${this.address}/stats`)).json() as Promise<BusStats>;
  }

  #path(file: string): string {
    return join(this.#folder, file);
  }

  #client(): Client {
    return new Client(`${this.address}/longpolling`);
  }
}
