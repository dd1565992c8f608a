import type { Clock } from "../../clock.ts";
import { PATIENCE } from "../shared/patience.ts";
import type { Connect, Connected } from "./driver.ts";
import { isElsewhere, Unreachable } from "./failures.ts";

/** A connection that is made when it is needed, and made anew after it was lost. It keeps no process alive. */
export class Link {
  readonly #clock: Clock;
  readonly #connect: Connect;
  #connecting: Promise<Connected> | undefined;
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
    const connecting = this.#link();
    const connected = await this.#within(PATIENCE, connecting, "the connection").catch((cause) => {
      this.#drop(connecting);
      throw new Unreachable("there was no connection", { cause });
    });
    try {
      return await this.#within(ms, connected.send(command), "an answer");
    } catch (error) {
      if (isElsewhere(error)) this.#drop(connecting);
      throw error;
    }
  }

  close(): void {
    this.#isClosed = true;
    if (this.#connecting !== undefined) this.#drop(this.#connecting);
  }

  #link(): Promise<Connected> {
    if (this.#isClosed) return Promise.reject(new Error("the store is closed"));
    this.#connecting ??= this.#connect(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  #drop(connecting: Promise<Connected>): void {
    if (this.#connecting === connecting) this.#connecting = undefined;
    connecting.then(
      (connected) => connected.destroy(),
      () => {}, // there is nothing to destroy
    );
  }

  // A connection that is half open never answers.
  #within<T>(ms: number, work: Promise<T>, what: string): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const timer = this.#clock.setTimeout(() => reject(new Error(`${what} did not come within ${ms / 1000} s`)), ms);
      work.then(resolve, reject).finally(() => this.#clock.clearTimeout(timer));
    });
  }
}
