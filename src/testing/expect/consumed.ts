import type { SharedRow } from "../../log/row.ts";
import type { Channel, Notification } from "../../notification.ts";
import type { Caller } from "./expectation-error.ts";
import { expectSent, type SentOptions, type Wanted } from "./expectations.ts";

/** The notifications that consumers have handled, by the name of the consumer. */
export class Consumed {
  readonly #all = new Map<string, Notification[]>();
  #count = 0;

  /** The number of handled notifications. */
  get count(): number {
    return this.#count;
  }

  /** Notes that a consumer has handled rows. */
  add(name: string, rows: readonly SharedRow[]): void {
    const list = this.#all.get(name) ?? [];
    this.#all.set(name, list);
    for (const { notification } of rows) list.push(notification);
    this.#count += rows.length;
  }

  /** Throws unless the consumer has handled such a message of the channel. */
  expect(name: string, caller: Caller, channel: Channel, wanted: Wanted, options: SentOptions): void {
    const words = { noun: "notification", verb: "handled", by: ` handled by ${JSON.stringify(name)}` };
    expectSent({ sent: this.#all.get(name) ?? [], caller, words }, channel, wanted, options);
  }

  /** Forgets everything. */
  clear(): void {
    this.#all.clear();
    this.#count = 0;
  }
}
