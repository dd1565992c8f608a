import { randomUUID } from "node:crypto";
import type { Hub } from "../core/hub.ts";
import { asError, asStoreError, BusError, given } from "../errors.ts";
import { channelOf } from "../notification.ts";
import type { Positions } from "../store.ts";
import { Attempts } from "./attempts.ts";
import { type Acquired, acquire } from "./contest.ts";
import { Lease } from "./lease.ts";
import type { CheckedConsume } from "./options.ts";
import type { ConsumerParts } from "./parts.ts";
import type { Consumer, ConsumerState } from "./types.ts";
import { Worker } from "./worker.ts";

/** A consumer near to the edge of the retention is told of once, until it is far from the edge again. */
const NEAR = 0.8;
const FAR = 0.5;

/** The parts of a consumer. */
export interface RunningOptions {
  readonly parts: ConsumerParts;
  readonly positions: Positions;
  readonly terms: CheckedConsume;
  /** Called when the consumer has ended. */
  readonly ended: (consumer: RunningConsumer) => void;
}

/** A consumer of this process: it acquires its name, works while it holds the lease, and begins again if it has lost it. */
export class RunningConsumer implements Consumer {
  readonly done: Promise<void>;
  readonly #options: RunningOptions;
  readonly #closing = new AbortController();
  readonly #token = randomUUID();
  readonly #now: number | Promise<number>;
  #work: { readonly lease: Lease; readonly end: AbortController } | undefined;
  /** True after `error` heard that the store fails, until the store works. */
  #isOut = false;
  #isNear = false;

  constructor(options: RunningOptions) {
    this.#options = options;
    this.#now = options.parts.hub.newestId;
    if (typeof this.#now !== "number") this.#now.catch(() => {}); // `ready` rejects with the same error
    this.done = this.#run();
    this.done.catch(() => {}); // `error` told of it
  }

  get name(): string {
    return this.#options.terms.name;
  }

  get isActive(): boolean {
    return this.#work?.lease.isHeld ?? false;
  }

  close(): Promise<void> {
    this.#end(new BusError("closed", `the consumer ${given(this.name)} closes`));
    return this.done.catch(() => {});
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The state, if this process holds the lease. */
  get state(): ConsumerState | undefined {
    return this.#work === undefined ? undefined : this.#stateOf(this.#work.lease);
  }

  /** Lets the lease run out, since the handler does not end. */
  abandon(): void {
    this.#work?.lease.abandon();
  }

  /** Looks at the position at once, since somebody else has moved it. */
  look(): void {
    void this.#work?.lease.write();
  }

  async #run(): Promise<void> {
    const { parts, ended } = this.#options;
    try {
      await parts.hub.ready();
      while (!this.#closing.signal.aborted) {
        const acquired = await this.#acquire();
        if (acquired !== undefined) await this.#hold(acquired);
      }
    } catch (error) {
      if (isEnd(error, parts.hub)) return;
      parts.error(asError(error));
      throw error;
    } finally {
      ended(this);
    }
  }

  #acquire(): Promise<Acquired | undefined> {
    const { parts, positions, terms } = this.#options;
    const { from, keys, lease, name, replacesChannels } = terms;
    return acquire({
      clock: parts.hub.clock,
      positions,
      token: this.#token,
      name,
      keys,
      lease,
      replacesChannels,
      from: async () =>
        from === "start" ? parts.hub.beginning(keys) : { last: from === "now" ? await this.#now : from },
      failed: this.#failed,
      signal: this.#closing.signal,
    });
  }

  async #hold({ record, version, since, isNew }: Acquired): Promise<void> {
    const { parts, positions, terms } = this.#options;
    const { hub } = parts;
    const end = new AbortController();
    const lease = new Lease({
      clock: hub.clock,
      positions,
      name: this.name,
      record,
      version,
      since,
      isTransactional: terms.isTransactional,
      failed: this.#failed,
      written: () => this.#checkEdge(),
      lost: (reason) => end.abort(reason),
    });
    // A name that has just begun at the start, or stands at 0, misses nothing that is gone by now.
    if (lease.last === 0 || (isNew && terms.from === "start")) lease.known = hub.beginning(terms.keys).known;
    this.#work = { lease, end };
    if (this.#closing.signal.aborted) end.abort(this.#closing.signal.reason);
    const { signal } = end;
    try {
      const attempts = new Attempts({
        clock: hub.clock,
        terms,
        lease,
        parts,
        signal,
        failed: this.#failed,
        handled: (rows) => hub.probe?.onHandled(this.name, rows),
      });
      await new Worker({ hub, terms, lease, attempts, signal, failed: this.#failed }).run();
    } finally {
      await lease.release();
      this.#work = undefined;
    }
    if (!lease.isDeleted || this.#closing.signal.aborted) return;
    throw new BusError(
      "consumer",
      `the position of ${given(this.name)} was deleted while the consumer worked: begin it again`,
    );
  }

  #end(reason: BusError): void {
    this.#closing.abort(reason);
    this.#work?.end.abort(reason);
  }

  readonly #failed = (error: Error | undefined): void => {
    if (error === undefined) this.#isOut = false;
    if (error === undefined || this.#isOut || this.#options.parts.hub.isClosing) return;
    this.#isOut = true;
    this.#options.parts.error(asStoreError(error));
  };

  #checkEdge(): void {
    const { state } = this;
    if (state === undefined) return;
    const wasNear = this.#isNear;
    this.#isNear = state.edge >= (wasNear ? FAR : NEAR);
    if (this.#isNear && !wasNear) this.#options.parts.behind(state);
  }

  #stateOf({ last, known }: Lease): ConsumerState {
    const { parts, terms } = this.#options;
    const { behind, edge } = parts.hub.lag(terms.keys, last, known);
    return { name: this.name, channels: terms.keys.map(channelOf), last, isHeld: this.isActive, behind, edge };
  }
}

function isEnd(error: unknown, hub: Hub): boolean {
  return hub.isClosing && error instanceof BusError && (error.code === "closed" || error.code === "store");
}
