import type { Finals, Message } from "./lines.ts";

/** The reading of one reader: every message of its channel from some time on, each once, in order. */
export class Book {
  readonly channel: string;
  readonly problems: string[] = [];
  reads = 0;
  /** The id to go on from; undefined before anything was read. */
  last: string | undefined;
  #n: number | undefined;
  readonly #name: string;

  constructor(name: string, channel: string) {
    this.#name = name;
    this.channel = channel;
  }

  read(id: number, { n }: Message): void {
    if (this.#n !== undefined && n !== this.#n + 1) this.#complain(`read ${n} after ${this.#n}`);
    this.#n = n;
    this.reads += 1;
    this.last = String(id);
  }

  missed(): void {
    this.#complain("was told that it has missed something");
  }

  /** Returns true if the reader has read everything. Some readers begin when nothing more is sent. */
  isComplete({ newest, counts }: Finals): boolean {
    const hasAll = this.#n === counts[this.channel];
    return hasAll || (this.#n === undefined && Number(this.last) >= newest);
  }

  #complain(what: string): void {
    if (this.problems.length < 3) this.problems.push(`${this.#name} on ${this.channel} ${what} at ${this.last}`);
  }
}
