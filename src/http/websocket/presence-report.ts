import { channelOf } from "../../notification.ts";
import type { Connection, Identity, Presence } from "../../presence/presence.ts";

/** The presence that a socket reports to, and the person behind the socket. */
export interface PresenceReportOptions<Context> {
  readonly presence: Presence<Context>;
  /** Asks for the person; undefined for nobody. */
  readonly person: () => Identity | undefined | Promise<Identity | undefined>;
  /** Receives the failures of `person`. */
  readonly failed: (thrown: unknown) => void;
}

/** The reports of one socket to presence. While the hook waits, the newest of each kind is kept. */
export class PresenceReport<Context> {
  readonly #options: PresenceReportOptions<Context>;
  #connection: Connection | undefined;
  #state: "new" | "asking" | "known" | "left" = "new";
  #keys: readonly string[] = [];
  #inactiveMs: number | undefined;

  constructor(options: PresenceReportOptions<Context>) {
    this.#options = options;
  }

  /** Notes that the socket reads these channels from now on. */
  change(keys: readonly string[]): void {
    this.#keys = keys;
    this.#connection?.change(keys.map(channelOf));
    this.#ask();
  }

  /** Notes that the user has been inactive for so many ms. */
  report(inactiveMs: number): void {
    this.#inactiveMs = inactiveMs;
    this.#connection?.report(inactiveMs);
    this.#ask();
  }

  /** Notes that the socket has closed. A second call does nothing. */
  leave(): void {
    this.#state = "left";
    this.#connection?.leave();
  }

  #ask(): void {
    if (this.#state !== "new") return;
    this.#state = "asking";
    void this.#asking(); // never rejects
  }

  // A failed hook is asked again at the next report, because its person would otherwise be absent as long as the socket lives.
  async #asking(): Promise<void> {
    const { person, presence, failed } = this.#options;
    try {
      const identity = await person();
      if (this.#state === "left") return;
      if (identity !== undefined) this.#connection = presence.join(identity, this.#keys.map(channelOf));
      if (this.#inactiveMs !== undefined) this.#connection?.report(this.#inactiveMs);
      this.#state = "known";
    } catch (error) {
      if (this.#state === "asking") this.#state = "new";
      failed(error);
    }
  }
}
