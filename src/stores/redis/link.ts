import { type Clock, keepAlive } from "../../util/clock.ts";
import { Unreachable } from "../shared/failures.ts";
import { RETRY_FOR } from "../shared/retry.ts";
import { unlessSilent } from "../shared/silence.ts";
import type { Connect, Send } from "./connection.ts";
import { isElsewhere } from "./failures.ts";

/** A link that does not show what it has taken may be so many times slower: a quarter of a MiB a second. */
const UNSEEN = 4;

/** A connection, from before it is there until it is lost. */
interface Way {
  readonly life: AbortController;
  readonly connected: Promise<Send>;
  /** How many commands wait for it, or for an answer. */
  asked: number;
  /** The size of these commands: an answer comes after those of the commands before. */
  bytes: number;
}

/** A connection that is made when it is needed, and made anew after it was lost. It keeps no process alive. */
export class Link {
  readonly #clock: Clock;
  readonly #connect: Connect;
  #way: Way | undefined;
  /** Those that are ended when the last answer has come. */
  readonly #left = new Set<Way>();
  #isClosed = false;

  constructor(clock: Clock, connect: Connect) {
    this.#clock = clock;
    this.#connect = connect;
  }

  /**
   * Resolves with a command's answer, unless nothing moves for so many ms. Rejects with `Unreachable` when it was not sent, with the
   * engine's error, or
   * otherwise when it may have been done.
   */
  async ask(command: readonly string[], ms = RETRY_FOR): Promise<unknown> {
    if (this.#isClosed) throw new Unreachable("the store is closed");
    this.#way ??= this.#begin();
    const way = this.#way;
    const bytes = bytesOf(command);
    way.asked += 1;
    way.bytes += bytes;
    try {
      return await this.#askOn(way, command, ms);
    } finally {
      way.asked -= 1;
      way.bytes -= bytes;
      if (way.asked === 0 && this.#left.delete(way)) way.life.abort();
    }
  }

  /** Finds its server again with the next command. What was asked before is answered yet. */
  renew(): void {
    const way = this.#way;
    this.#way = undefined;
    if (way === undefined) return;
    if (way.asked === 0) way.life.abort();
    else this.#left.add(way);
  }

  /** What was not answered is rejected. */
  close(): void {
    this.#isClosed = true;
    this.#way?.life.abort();
    for (const { life } of this.#left) life.abort();
  }

  async #askOn(way: Way, command: readonly string[], ms: number): Promise<unknown> {
    const { life, connected } = way;
    const send = await this.#within(RETRY_FOR, connected, "the connection").catch((cause) => {
      life.abort();
      throw new Unreachable("there was no connection", { cause });
    });
    try {
      return await unlessSilent(send(command), {
        clock: this.#clock,
        ms,
        bytes: way.bytes * (send.seesWrites === true ? 1 : UNSEEN),
        what: "an answer",
        ...(send.moved && { moved: send.moved }),
      });
    } catch (error) {
      if (isElsewhere(error)) life.abort();
      throw error;
    }
  }

  #begin(): Way {
    const life = new AbortController();
    const way: Way = { life, connected: this.#connect(life), asked: 0, bytes: 0 };
    way.connected.catch(() => {}); // whoever waits for it is told, if anyone still does
    life.signal.addEventListener("abort", () => {
      if (this.#way === way) this.#way = undefined;
    });
    return way;
  }

  // A connection that is half open never answers.
  #within<T>(ms: number, work: Promise<T>, what: string): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const late = (): void => reject(new Error(`${what} did not come within ${ms / 1000} s`));
      const timer = this.#clock.setTimeout(late, ms);
      keepAlive(timer, false);
      work.then(resolve, reject).finally(() => this.#clock.clearTimeout(timer));
    });
  }
}

function bytesOf(command: readonly string[]): number {
  return command.reduce((sum, { length }) => sum + length, 0);
}
