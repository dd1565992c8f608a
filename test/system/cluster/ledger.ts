import { CHANNELS, type Part } from "./lines.ts";

export interface Read {
  readonly id: number;
  readonly channel: string;
  readonly message: Part;
}

/** The reading of one reader so far. */
export interface Account {
  readonly name: string;
  readonly channels: readonly string[];
  /** In the order in which it read them. */
  readonly ids: number[];
}

const MOST = 20;

/** The book of a cluster: what was sent, what was read, and whatever cannot be. */
export class Ledger {
  readonly #acknowledged = new Map<string, readonly number[]>();
  /** The sends that were refused for certain, and with what sentence. */
  readonly #refused = new Map<string, string>();
  readonly #accounts: Account[] = [];
  /** The meaning of each id. Later readers have to read the same. */
  readonly #notifications = new Map<number, string>();
  readonly #violations: string[] = [];
  #rejections = 0;
  #newest = 0;

  get counts(): { readonly acknowledged: number; readonly rejected: number; readonly read: number } {
    const read = this.#accounts.reduce((sum, { ids }) => sum + ids.length, 0);
    return { acknowledged: this.#acknowledged.size, rejected: this.#rejections, read };
  }

  /** The newest id that was acknowledged. */
  get newest(): number {
    return this.#newest;
  }

  get violations(): readonly string[] {
    return this.#violations;
  }

  violated(sentence: string): void {
    if (this.#violations.length < MOST) this.#violations.push(sentence);
  }

  acknowledged(name: string, n: number, ids: readonly number[]): void {
    this.#acknowledged.set(`${name} ${n}`, ids);
    this.#newest = Math.max(this.#newest, ids.at(-1)!);
  }

  rejected(name: string, line: { rejected: number; code: string; refused: boolean; message: string }): void {
    this.#rejections += 1;
    const send = `${name} ${line.rejected}`;
    if (line.refused) this.#refused.set(send, line.message);
    if (line.code !== "store") this.violated(`send ${send} was rejected with ${line.code}: ${line.message}`);
  }

  /** Opens the account of a reader that begins at 0. */
  open(name: string, channels: readonly string[]): Account {
    const account = { name, channels, ids: [] };
    this.#accounts.push(account);
    return account;
  }

  /** One answer to a poll, which ends in the middle of no send. */
  read({ name, channels, ids }: Account, batch: readonly Read[]): void {
    for (const { id, channel, message } of batch) {
      const previous = ids.at(-1) ?? 0;
      if (id <= previous) this.violated(`reader ${name} read id ${id} after ${previous}`);
      ids.push(id);
      const text = `${message.name} ${message.n} ${message.part} on ${channel}`;
      const known = this.#notifications.get(id) ?? text;
      if (known !== text) this.violated(`id ${id} is "${known}" for some, "${text}" for reader ${name}`);
      this.#notifications.set(id, known);
    }
    const end = batch.at(-1);
    const last = CHANNELS.findLastIndex((channel) => channels.includes(channel));
    if (end !== undefined && end.message.part !== last) {
      this.violated(`reader ${name} was given an answer that ends with id ${end.id}, in the middle of a send`);
    }
  }

  /** Compares the readings with the sends, and with each other. Called when all readers are at the end. */
  check(): void {
    const order = [...this.#notifications.keys()].sort((a, b) => a - b);
    const sends = this.#sends(order);
    for (const [send, ids] of this.#acknowledged) {
      const read = sends.get(send);
      if (`${read}` !== `${ids}`) this.violated(`send ${send} was acknowledged as ${ids}, and is ${read ?? "lost"}`);
    }
    for (const [send, why] of this.#refused) {
      const ids = sends.get(send);
      if (ids !== undefined) this.violated(`send ${send} was refused for certain (${why}), and is there as ${ids}`);
    }
    for (const { name, channels, ids } of this.#accounts) {
      const mine = order.filter((id) => channels.some((channel) => this.#textOf(id).endsWith(` on ${channel}`)));
      const at = mine.findIndex((id, index) => id !== ids[index]);
      if (at !== -1)
        this.violated(`reader ${name} read ${ids[at]} where ${mine[at]}, ${this.#textOf(mine[at]!)}, was next`);
    }
  }

  /** The sends by their ids: each whole, in one piece, once. */
  #sends(order: readonly number[]): Map<string, readonly number[]> {
    const sends = new Map<string, readonly number[]>();
    for (let index = 0; index < order.length; ) {
      const first = order[index]!;
      const send = this.#textOf(first).split(" ", 2).join(" ");
      const ids = CHANNELS.map((_, part) => first + part);
      const torn = ids.find((id, part) => this.#textOf(id) !== `${send} ${part} on ${CHANNELS[part]}`);
      if (torn !== undefined) this.violated(`send ${send} at ${first} is torn: id ${torn} is ${this.#textOf(torn)}`);
      if (sends.has(send)) this.violated(`send ${send} is there twice, at ${sends.get(send)} and at ${ids}`);
      sends.set(send, ids);
      index += torn === undefined ? ids.length : 1;
    }
    return sends;
  }

  #textOf(id: number): string {
    return this.#notifications.get(id) ?? "nothing";
  }
}
