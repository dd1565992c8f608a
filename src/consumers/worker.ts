import type { Hub } from "../core/hub.ts";
import { BusError, given } from "../errors.ts";
import type { Answer } from "../log/answer.ts";
import type { Known } from "../log/query.ts";
import { later } from "../util/later.ts";
import type { Attempts } from "./attempts.ts";
import type { Lease } from "./lease.ts";
import type { CheckedConsume } from "./options.ts";
import { pauseAfter, sleep } from "./sleep.ts";

/** The most text of one page, in UTF-16 units. A worker holds one page at a time. */
const PAGE_SIZE = 2 ** 20;

/** The most rows that are handled without a turn of the event loop. */
const MOST_UNPAUSED = 1_000;

/** The longest wait of a worker whose channels are quiet, in ms. Its position then moves with the log. */
const QUIET = 60_000;

/** The parts of a worker. */
export interface WorkerOptions {
  readonly hub: Hub;
  readonly terms: CheckedConsume;
  readonly lease: Lease;
  readonly attempts: Attempts;
  /** Ends the work. */
  readonly signal: AbortSignal;
  /** Hears of a store that fails. */
  readonly failed: (error: Error) => void;
}

interface Page {
  readonly answer: Answer;
  /** The trims that are no loss from here on; undefined if they are those from before. */
  readonly known: Known | undefined;
}

/** Reads the log from the position of a lease on, page by page, and hands each notification to the handler. */
export class Worker {
  readonly #options: WorkerOptions;
  /** The rows that were handled since the worker last waited. */
  #unpaused = 0;

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  /** Works until the signal aborts or the lease ends. Rejects with the error that stops the consumer. */
  async run(): Promise<void> {
    const { lease } = this.#options;
    let { last } = lease;
    let { known } = lease;
    while (this.#goesOn()) {
      const page = await this.#read(last, known);
      if (page === undefined) return;
      const { answer } = page;
      known = page.known ?? known;
      if (answer.missed) await this.#missed(last);
      lease.known = known;
      const isWhole = await this.#handle(answer);
      if (isWhole) await lease.move(answer.last, 0);
      last = isWhole ? answer.last : lease.last;
    }
  }

  /** Resolves with the next page; undefined at the end of the work. */
  async #read(last: number, known: Known | undefined): Promise<Page | undefined> {
    const { failed, hub, signal, terms } = this.#options;
    const query = {
      keys: terms.keys,
      last,
      known,
      limit: hub.limit,
      size: PAGE_SIZE,
      lookback: Number.POSITIVE_INFINITY,
    };
    for (let attempt = 1; this.#goesOn(); attempt += 1) {
      try {
        const page = hub.poll(query, { timeout: QUIET, signal, form: this.#pageOf });
        if (page instanceof Promise) this.#unpaused = 0;
        else if (this.#unpaused >= MOST_UNPAUSED) await this.#pause();
        return await page;
      } catch (error) {
        if (!this.#goesOn() || (error as BusError).code === "closed") return undefined;
        failed(error as BusError); // a hub throws no other error
        await sleep(hub.clock, pauseAfter(attempt), signal);
      }
    }
    return undefined;
  }

  /** Called before the log trims anything of the page. A crash in its middle is then told of what the log trimmed. */
  readonly #pageOf = (answer: Answer): Page => {
    const { hub, terms } = this.#options;
    return { answer, known: answer.missed ? hub.trimsOf(terms.keys) : answer.known };
  };

  /** Resolves with false if a part of the page has to be read again, or the work has ended. */
  async #handle({ rows }: Answer): Promise<boolean> {
    this.#unpaused += rows.length;
    const { attempts, terms } = this.#options;
    const size = terms.batch ?? 1;
    for (let at = 0; at < rows.length; at += size) {
      if (!this.#goesOn()) return false;
      const group = size === 1 ? [rows[at]!] : rows.slice(at, at + size);
      if (!(await attempts.handle(group))) return false;
    }
    return this.#goesOn();
  }

  /** Lets timers and other readers have their turn during a long backlog. */
  async #pause(): Promise<void> {
    this.#unpaused = 0;
    await turn();
  }

  async #missed(last: number): Promise<void> {
    const { name, onMissed } = this.#options.terms;
    if (onMissed !== undefined) return void (await onMissed(last));
    const advice = "give onMissed, and load the present state there";
    throw new BusError("missed", `the consumer ${given(name)} missed what followed ${last}: ${advice}`);
  }

  #goesOn(): boolean {
    return !this.#options.signal.aborted && this.#options.lease.isHeld;
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    later(resolve);
  });
}
