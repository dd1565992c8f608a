import { type Clock, keepAlive } from "../../clock.ts";
import { PATIENCE } from "../shared/patience.ts";
import type { Connect, Send } from "./connection.ts";
import { isElsewhere, Unreachable } from "./failures.ts";

/** A connection, from before it is there until it is lost. */
interface Way {
  readonly life: AbortController;
  readonly connected: Promise<Send>;
}

/** A connection that is made when it is needed, and made anew after it was lost. It keeps no process alive. */
export class Link {
  readonly #clock: Clock;
  readonly #connect: Connect;
  #way: Way | undefined;
  #isClosed = false;

  constructor(clock: Clock, connect: Connect) {
    this.#clock = clock;
    this.#connect = connect;
  }

  /**
   * What a command answers, within so many ms. Rejects with `Unreachable` when it was not sent, with the engine's error, or
   * otherwise when it may have been done.
   */
  async ask(command: readonly string[], ms = PATIENCE): Promise<unknown> {
    if (this.#isClosed) throw new Unreachable("the store is closed");
    this.#way ??= this.#begin();
    const { life, connected } = this.#way;
    const send = await this.#within(PATIENCE, connected, "the connection").catch((cause) => {
      life.abort();
      throw new Unreachable("there was no connection", { cause });
    });
    try {
      return await this.#within(ms, send(command), "an answer");
    } catch (error) {
      if (isElsewhere(error)) life.abort();
      throw error;
    }
  }

  /** What was not answered is rejected. */
  close(): void {
    this.#isClosed = true;
    this.#way?.life.abort();
  }

  #begin(): Way {
    const life = new AbortController();
    const way: Way = { life, connected: this.#connect(life) };
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
