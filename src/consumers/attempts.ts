import { asStoreError, BusError, given } from "../errors.ts";
import type { SharedRow } from "../log/row.ts";
import type { Clock } from "../util/clock.ts";
import { isThenable } from "../util/thenable.ts";
import { entriesOf, keyOfFailure } from "./failed.ts";
import type { Lease } from "./lease.ts";
import type { CheckedConsume } from "./options.ts";
import type { ConsumerParts } from "./parts.ts";
import { pauseAfter, sleep } from "./sleep.ts";
import type { ConsumeHandler } from "./types.ts";

/** The parts that attempts need. */
export interface AttemptsOptions {
  readonly clock: Clock;
  readonly terms: CheckedConsume;
  readonly lease: Lease;
  readonly parts: Pick<ConsumerParts, "send" | "sendwithin">;
  readonly signal: AbortSignal;
  /** Hears of a store that fails. */
  readonly failed: (error: Error) => void;
  /** Hears of rows that the handler has handled. */
  readonly handled: (rows: readonly SharedRow[]) => void;
}

type Told = ReturnType<typeof entriesOf>;

/** The runs on the same notifications that may lose their connection in the middle of the handler. Further ones are attempts: the handler may end the connection itself. */
const MOST_LOST = 50;

/**
 * The end of one run: the position moved, it stands elsewhere, the store was away, or the work threw.
 * `isLost` says that it threw on a connection that was lost.
 */
type Run = "moved" | "unmoved" | "away" | { readonly thrown: unknown; readonly isLost?: boolean };

/** Calls the handler until it succeeds, and moves the position behind what is handled. */
export class Attempts {
  readonly #options: AttemptsOptions;
  /** The failures of the store in a row, while the position moves in transactions. */
  #outages = 0;

  constructor(options: AttemptsOptions) {
    this.#options = options;
  }

  /**
   * Hands over these notifications, at least one. Resolves with false if the work has ended, or goes on from the lease's position.
   * Rejects with the error that stops the consumer.
   */
  async handle(rows: readonly SharedRow[]): Promise<boolean> {
    const { clock, lease, signal, terms } = this.#options;
    const { last } = lease;
    let lost = 0;
    for (let attempt = 1; ; ) {
      const run: Run = terms.isTransactional
        ? await this.#within(rows, (tx) => this.#call(rows, attempt, tx))
        : await this.#alone(rows, attempt);
      if (run === "moved") {
        this.#options.handled(rows);
        return true;
      }
      if (run === "unmoved" || this.#isOver) return false;
      if (run === "away" || (run.isLost === true && lost++ < MOST_LOST)) {
        if (lease.last !== last) return false;
        continue;
      }
      if (attempt >= terms.attempts) return this.#giveUp(rows, run.thrown, attempt);
      await sleep(clock, pauseAfter(attempt), signal);
      if (this.#isOver) return false;
      attempt += 1;
    }
  }

  get #isOver(): boolean {
    return this.#options.signal.aborted || !this.#options.lease.isHeld;
  }

  #call(rows: readonly SharedRow[], attempt: number, tx: unknown): unknown {
    const { lease, signal, terms } = this.#options;
    const handler = terms.handler as ConsumeHandler<unknown>; // `consume` typed it by the same options
    const context = { signal, attempt, fence: lease.fence, tx };
    if (terms.batch === undefined) return handler(rows[0]!.notification, context);
    return handler(
      rows.map(({ notification }) => notification),
      context,
    );
  }

  // Handled rows count even after the end of the lease, because the write itself finds out if the name has another holder.
  async #alone(rows: readonly SharedRow[], attempt: number): Promise<Run> {
    try {
      await this.#call(rows, attempt, undefined);
    } catch (thrown) {
      return { thrown };
    }
    const written = this.#options.lease.move(rows.at(-1)!.id, rows.length);
    if (written !== undefined) await written;
    return "moved";
  }

  async #within(rows: readonly SharedRow[], work: (tx: unknown) => unknown): Promise<Run> {
    const { lease } = this.#options;
    const run: { thrown?: unknown } = {};
    const note = (thrown: unknown): never => {
      run.thrown = thrown;
      throw thrown;
    };
    const noting = (tx: unknown): unknown => {
      try {
        const result = work(tx);
        return isThenable(result) ? Promise.resolve(result).catch(note) : result; // query builders return promises of their own
      } catch (thrown) {
        return note(thrown);
      }
    };
    try {
      const isMoved = await lease.moveWithin(rows.at(-1)!.id, noting);
      this.#outages = 0;
      return isMoved ? "moved" : "unmoved";
    } catch (error) {
      if (!("thrown" in run)) return error instanceof BusError ? this.#recover(error) : { thrown: error };
      if (Object.is(error, run.thrown) || !isOfStore(error)) return { thrown: run.thrown };
      await this.#recover(error);
      return { thrown: run.thrown, isLost: true };
    }
  }

  /** Waits until the store tells where the position stands after a failure. Rejects with an error that no retry can end. */
  async #recover(error: unknown): Promise<"away"> {
    const { clock, failed, lease, signal } = this.#options;
    if (error instanceof BusError && !mayPass(error)) throw error;
    failed(asStoreError(error));
    while (!this.#isOver) {
      this.#outages += 1;
      await sleep(clock, pauseAfter(this.#outages), signal);
      try {
        await lease.reread();
        break;
      } catch (again) {
        failed(asStoreError(again));
      }
    }
    return "away";
  }

  /** Sends the notifications to the channel of failures, and moves behind them. Stops the consumer if it has no such channel. */
  async #giveUp(rows: readonly SharedRow[], error: unknown, attempts: number): Promise<boolean> {
    const { lease, parts, terms } = this.#options;
    const { isTransactional, name: consumer, onFailure } = terms;
    if (onFailure === undefined) throw exhausted(consumer, rows, attempts, error);
    const failure = { consumer, rows, error, attempts };
    const [whole, brief] = [true, false].map((hasMessages) => entriesOf(failure, onFailure, hasMessages)) as [
      Told,
      Told,
    ];
    if (isTransactional) {
      let run = await this.#within(rows, (tx) => parts.sendwithin(tx, whole));
      if (isTooLong(run)) run = await this.#within(rows, (tx) => parts.sendwithin(tx, brief));
      if (typeof run === "object" && run.isLost !== true) await this.#recover(run.thrown);
      return run === "moved";
    }
    const sends = rows.map((row, at) => {
      const key = keyOfFailure(consumer, row);
      return this.#send([() => parts.send([whole[at]!], key), () => parts.send([brief[at]!], key)]);
    });
    const areSent = (await Promise.all(sends)).every((isSent) => isSent);
    if (areSent) await lease.move(rows.at(-1)!.id, rows.length);
    return areSent;
  }

  /** Sends in the first way that is not too long, and tries again while the store fails. */
  async #send(ways: readonly (() => Promise<unknown>)[]): Promise<boolean> {
    const { clock, failed, signal } = this.#options;
    let way = 0;
    for (let attempt = 1; !this.#isOver; attempt += 1) {
      try {
        await ways[way]!();
        return true;
      } catch (error) {
        if (this.#isOver) return false;
        if (way < ways.length - 1 && isTooLong({ thrown: error })) {
          way += 1;
          continue;
        }
        if (!mayPass(error)) throw error;
        failed(error);
        await sleep(clock, pauseAfter(attempt), signal);
      }
    }
    return false;
  }
}

/** Returns true if the bus refused the entries of a run. Inside another message, a message may be too long. */
function isTooLong(run: Run): boolean {
  return (
    typeof run === "object" &&
    run.thrown instanceof BusError &&
    run.thrown.code === "bad_message" &&
    !mayPass(run.thrown)
  );
}

function isOfStore(error: unknown): error is BusError {
  return error instanceof BusError && error.code === "store";
}

/** Returns true for a failure of the store, or of a schema that gave no answer. The same send may work later. */
function mayPass(error: unknown): error is BusError {
  return isOfStore(error) || (error instanceof BusError && error.unavailable);
}

function exhausted(name: string, rows: readonly SharedRow[], attempts: number, cause: unknown): BusError {
  const ids = rows.length === 1 ? `${rows[0]!.id}` : `${rows[0]!.id} to ${rows.at(-1)!.id}`;
  const sentence = `the handler of the consumer ${given(name)} failed ${attempts} times on ${ids}, with ${given(cause)}`;
  return new BusError("consumer", `${sentence}: repair it, or give onFailure`, { cause });
}
