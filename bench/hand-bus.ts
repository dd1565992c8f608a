/** What a bus keeps of a channel, and how long a poll waits, in ms, unless they are told otherwise. */
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
 * The least that the promises of a bus take. The sends of a tick are committed together by a store that answers with a promise,
 * and keeps the newest of each channel; then who waits, one on each channel and known by its deadline, gets the array that a poll
 * answers; then the sends resolve. Who is behind is given the newest alone. Nothing is aborted or checked.
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
    await null; // what is committed in one tick wakes together
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
