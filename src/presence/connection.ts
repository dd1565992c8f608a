import { checkMs } from "../util/validate.ts";
import { EVERYWHERE } from "./local-member.ts";
import type { Locals } from "./locals.ts";
import type { Identity, MemberId } from "./member.ts";

/**
 * The lease of one request: a parked poll, a stream or a socket. Each member is present as long as it has a connection,
 * and for the grace after the last one.
 */
export class Connection {
  readonly #locals: Locals;
  readonly #id: MemberId;
  readonly #keysOf: (channels: readonly unknown[]) => ReadonlySet<string>;
  readonly #held = new Set<string>();
  #isOpen = true;

  /**
   * Begins the lease. `keysOf` returns the channels of changes for the channels that a request reads. Throws
   * `bad_channel`, and then nothing has begun.
   *
   * @internal
   */
  constructor(
    locals: Locals,
    { identity, text }: { readonly identity: Identity; readonly text: string },
    channels: readonly unknown[],
    keysOf: (channels: readonly unknown[]) => ReadonlySet<string>,
  ) {
    this.#locals = locals;
    this.#id = identity.id;
    this.#keysOf = keysOf;
    const keys = keysOf(channels);
    locals.connect(identity, text);
    this.#moveTo(keys);
  }

  /** The id of the member. */
  get id(): MemberId {
    return this.#id;
  }

  /** Replaces the channels that the request reads. Throws `bad_channel`. After `leave` it does nothing. */
  change(channels: readonly unknown[]): void {
    if (this.#isOpen) this.#moveTo(this.#keysOf(channels));
  }

  /** Notes that the person's last activity was this many ms ago. After `leave` it does nothing. Throws `bad_option`. */
  report(inactive: number): void {
    checkMs("inactive", inactive);
    if (this.#isOpen) this.#locals.report(this.#id, inactive);
  }

  /** Ends the lease, and the grace begins. A second call does nothing. */
  leave(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const key of this.#held) this.#release(key);
    this.#locals.release(this.#id, EVERYWHERE);
  }

  #moveTo(keys: ReadonlySet<string>): void {
    for (const key of keys) if (!this.#held.has(key) && this.#locals.hold(this.#id, key)) this.#held.add(key);
    for (const key of this.#held) if (!keys.has(key)) this.#release(key);
  }

  #release(key: string): void {
    this.#held.delete(key);
    this.#locals.release(this.#id, key);
  }
}
