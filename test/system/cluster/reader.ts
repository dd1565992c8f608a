import { setTimeout as pause } from "node:timers/promises";
import { eventually } from "../../support/eventually.ts";
import type { Account, Ledger, Read } from "./ledger.ts";

export interface ReaderOptions {
  readonly name: string;
  readonly channels: readonly string[];
  readonly ledger: Ledger;
  /** The ports of the nodes that are said to live at this time. */
  readonly ports: () => readonly number[];
}

interface Answer {
  readonly notifications: readonly Read[];
  readonly last: number;
  readonly missed: boolean;
}

/** Reads from the beginning over HTTP, each poll at another node. A poll that fails is asked again elsewhere. */
export class Reader {
  readonly #options: ReaderOptions;
  readonly #account: Account;
  readonly #life = new AbortController();
  readonly #reading: Promise<void>;
  #last = 0;
  #trouble = "nothing";
  #polls = 0;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#account = options.ledger.open(options.name, options.channels);
    this.#reading = this.#read();
  }

  /** Resolves when it has read up to this id. */
  async reaches(id: number): Promise<void> {
    const { name } = this.#options;
    const what = () =>
      `reader ${name} is at ${id}; it is at ${this.#last}, and what went wrong last is ${this.#trouble}`;
    await eventually(what, () => this.#last >= id, 60_000);
  }

  async close(): Promise<void> {
    this.#life.abort();
    await this.#reading;
  }

  async #read(): Promise<void> {
    while (!this.#life.signal.aborted) {
      const ports = this.#options.ports();
      const port = ports[this.#polls % ports.length];
      this.#polls += 1;
      if (port === undefined || !(await this.#hop(port))) await pause(10);
    }
  }

  /** Asks one node, and resolves with whether it answered. */
  async #hop(port: number): Promise<boolean> {
    const { name, channels, ledger } = this.#options;
    const answer = await this.#ask(port, channels);
    if (answer === undefined) return false;
    if (answer.missed) ledger.violated(`reader ${name} was told at ${this.#last} that it has missed something`);
    if (answer.last < this.#last) ledger.violated(`reader ${name} was sent back from ${this.#last} to ${answer.last}`);
    ledger.read(this.#account, answer.notifications);
    this.#last = answer.last;
    return true;
  }

  async #ask(port: number, channels: readonly string[]): Promise<Answer | undefined> {
    const query = new URLSearchParams([...channels.map((channel) => ["channels", channel]), ["last", `${this.#last}`]]);
    // A node that sleeps or that was cut off is not waited for long.
    const signal = AbortSignal.any([this.#life.signal, AbortSignal.timeout(2_000)]);
    try {
      const response = await fetch(`http://127.0.0.1:${port}/poll?${query}&timeout=500`, { signal });
      const text = await response.text();
      if (response.ok) return JSON.parse(text) as Answer;
      this.#trouble = `${response.status} ${text}`;
      if (response.status !== 503) this.#options.ledger.violated(`reader ${this.#options.name} got ${this.#trouble}`);
    } catch (error) {
      this.#trouble = String((error as Error).cause ?? error);
    }
    return undefined;
  }
}
