/** The bounds of a bus by default: rows of a channel, and the wait of a poll in ms. */
const KEPT = 1_000;
const TIMEOUT = 50_000;

type Batch = readonly { readonly id: number; readonly channel: string; readonly message: unknown }[] & {
  readonly last: number;
};

interface Row {
  readonly id: number;
  readonly json: string;
  readonly at: number;
}

interface Send {
  readonly channel: string;
  readonly json: string;
  readonly done: (id: number) => void;
}

interface Poll {
  readonly deadline: number;
  readonly resolve: (batch: Batch) => void;
}

/**
 * The least work that the promises of a bus take. A store that answers with a promise commits the sends of a tick
 * together, and keeps the newest of each channel. Waiting readers, one on each channel and each with a deadline, then
 * get the array of a poll, and the sends resolve. A reader that is behind gets the newest alone. Nothing is aborted or
 * checked.
 */
export class HandBus {
  readonly #kept = new Map<string, Row[]>();
  readonly #waiting = new Map<string, Poll>();
  readonly #deadlines = new Set<Poll>();
  #queue: Send[] = [];
  #last = 0;

  get last(): number {
    return this.#last;
  }

  poll([channel]: readonly [channel: string], last: number): Promise<Batch> {
    const newest = this.#kept.get(channel)?.at(-1);
    if (newest !== undefined && newest.id > last) return Promise.resolve(batchOf(newest.id, channel, newest.json));
    return new Promise((resolve) => {
      const poll = { deadline: performance.now() + TIMEOUT, resolve };
      this.#waiting.set(channel, poll);
      this.#deadlines.add(poll);
    });
  }

  sendone(channel: string, message: unknown): Promise<number> {
    return new Promise((done) => {
      const isFirst = this.#queue.push({ channel, json: JSON.stringify(message), done }) === 1;
      if (isFirst) void Promise.resolve().then(() => this.#commit());
    });
  }

  async #commit(): Promise<void> {
    const sends = this.#queue;
    this.#queue = [];
    const ids = await this.#append(sends);
    await null; // commits of one tick wake readers together
    for (const [index, { channel, json, done }] of sends.entries()) {
      const poll = this.#waiting.get(channel);
      this.#waiting.delete(channel);
      if (poll !== undefined) {
        this.#deadlines.delete(poll);
        poll.resolve(batchOf(ids[index]!, channel, json));
      }
      done(ids[index]!);
    }
  }

  async #append(sends: readonly Send[]): Promise<readonly number[]> {
    const at = Date.now();
    return sends.map(({ channel, json }) => {
      this.#last += 1;
      this.#keep(channel, { id: this.#last, json, at });
      return this.#last;
    });
  }

  #keep(channel: string, row: Row): void {
    const rows = this.#kept.get(channel);
    if (rows === undefined) this.#kept.set(channel, [row]);
    else if (rows.push(row) > KEPT) rows.shift();
  }
}

function batchOf(id: number, channel: string, json: string): Batch {
  const batch = [{ id, channel, message: JSON.parse(json) as unknown }];
  Object.defineProperty(batch, "last", { value: id });
  return Object.defineProperty(batch, "missed", { value: false }) as unknown as Batch;
}
