import { BusError } from "../errors.ts";
import type { MemberId } from "./member.ts";
import type { TakenRow } from "./replica.ts";

/** Tells the application of faults of which one notice is enough. */
export class Notices {
  readonly #failed: (error: Error) => void;
  #hasStrange = false;
  #hasFull = false;

  constructor(failed: (error: Error) => void) {
    this.#failed = failed;
  }

  /** Tells of a row that is none of this version. */
  strange({ key, json }: TakenRow): void {
    if (this.#hasStrange) return;
    this.#hasStrange = true;
    const text = `presence ignores a row on ${key}, which another version or the application has sent: ${json.slice(0, 60)}`;
    this.#failed(new Error(text));
  }

  /** Tells of a member that is on too many channels. */
  full(id: MemberId): void {
    if (this.#hasFull) return;
    this.#hasFull = true;
    const text = `member ${JSON.stringify(id)} is on 1,000 channels and joins no more: bound them by joins(channel)`;
    this.#failed(new BusError("bad_option", text));
  }
}
