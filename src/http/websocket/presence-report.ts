import { channelOf } from "../../notification.ts";
import type { Connection, Presence } from "../../presence/presence.ts";
import type { Signal } from "../../util/abort.ts";
import { type Identifying, personOf } from "../routes/person.ts";
import { seenBy, statusesOf } from "../routes/statuses.ts";
import type { Message } from "./messages.ts";
import { odooStatuses } from "./odoo-status.ts";

/** The socket whose client reports. */
export interface Reporter<Context> {
  readonly context: Context;
  /** Aborted when the client has gone. */
  readonly signal: Signal;
  /** Writes a message under the id of the client's position, once the client was given all that is on its way. */
  tell(make: () => Message): void;
  /** Tells a failure of a hook. */
  refuse(error: unknown): void;
}

/** The reports of one socket to presence. While a hook waits, the newest of each kind is kept. */
export class PresenceReport<Context> {
  readonly #presence: Presence<Context>;
  readonly #identifying: Identifying<Context>;
  readonly #reporter: Reporter<Context>;
  #connection: Connection | undefined;
  #state: "new" | "asking" | "known" | "left" = "new";
  #keys: readonly string[] = [];
  #inactiveMs: number | undefined;
  /** The ids of which the client asked last. */
  #partners: unknown;
  #isTelling = false;

  constructor(presence: Presence<Context>, identifying: Identifying<Context>, reporter: Reporter<Context>) {
    this.#presence = presence;
    this.#identifying = identifying;
    this.#reporter = reporter;
  }

  /** Notes that the socket reads these channels from now on. */
  change(keys: readonly string[]): void {
    this.#keys = keys;
    this.#connection?.change(keys.map(channelOf));
    this.#goOn();
  }

  /** Notes that the user has been inactive for so many ms, and answers its question for the statuses of these ids. */
  report(inactiveMs: number, partners: unknown): void {
    this.#inactiveMs = inactiveMs;
    if (Array.isArray(partners) && partners.length > 0) this.#partners = partners;
    this.#connection?.report(inactiveMs);
    this.#goOn();
  }

  /** Notes that the socket has closed. A second call does nothing. */
  leave(): void {
    this.#state = "left";
    this.#connection?.leave();
  }

  #goOn(): void {
    if (this.#state === "new")
      void this.#ask(); // neither rejects
    else if (!this.#isTelling) void this.#tell();
  }

  // A failed hook is asked again at the next report, because its person would otherwise be absent as long as the socket lives.
  async #ask(): Promise<void> {
    this.#state = "asking";
    try {
      const identity = await personOf(this.#identifying, { request: this.#reporter, context: this.#reporter.context });
      if (this.#hasLeft()) return;
      if (identity !== undefined) this.#connection = this.#presence.join(identity, this.#keys.map(channelOf));
      if (this.#inactiveMs !== undefined) this.#connection?.report(this.#inactiveMs);
      this.#state = "known";
    } catch (error) {
      if (!this.#hasLeft()) this.#state = "new";
      this.#reporter.refuse(error);
    }
    await this.#tell();
  }

  // A client that reads nothing yet has a position that the server does not know, and the frame would move it.
  async #tell(): Promise<void> {
    this.#isTelling = true;
    while (this.#partners !== undefined && this.#connection !== undefined && this.#keys.length > 0) {
      const asked = { request: this.#reporter, context: this.#reporter.context, ids: this.#partners };
      this.#partners = undefined;
      try {
        const seen = await seenBy(this.#identifying, asked);
        if (seen.length > 0) this.#reporter.tell(() => odooStatuses(statusesOf(this.#identifying, seen)));
      } catch (error) {
        this.#reporter.refuse(error);
      }
    }
    this.#isTelling = false;
  }

  #hasLeft(): boolean {
    return this.#state === "left";
  }
}
