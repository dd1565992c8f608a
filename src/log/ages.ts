import { channelOf } from "../notification.ts";
import { type CheckedRetention, type Limits, limitsOf } from "./retention.ts";

/** The limits that the application gave, and the receiver of its failures. */
export interface AgesOptions {
  readonly retention: CheckedRetention;
  readonly error: (error: Error) => void;
}

/** The limits of a channel before the application was asked. They trim nothing. */
export const UNDECIDED: Limits = { age: Number.POSITIVE_INFINITY, count: Number.POSITIVE_INFINITY };

/** The limits of a channel while the application is being asked. They trim nothing. */
const DECIDING: Limits = { ...UNDECIDED };

/** The limits of each channel. The application's `retention.of` is asked once for each life of a channel in the log. */
export class Ages {
  readonly #options: AgesOptions;
  #shortest: number;

  constructor(options: AgesOptions) {
    this.#options = options;
    this.#shortest = options.retention.age;
  }

  /** The smallest limit of age of any channel so far, in ms. */
  get shortest(): number {
    return this.#shortest;
  }

  /** Notes limits of age that the application did not set. */
  observe(age: number): void {
    this.#shortest = Math.min(this.#shortest, age);
  }

  /** The limits of a new channel. */
  get first(): Limits {
    const { retention } = this.#options;
    return retention.of === undefined ? retention : UNDECIDED;
  }

  /**
   * Asks the application for the limits of this channel. The application may use the bus meanwhile, so every step
   * before is complete.
   */
  decide(channel: { readonly key: string; limits: Limits }): void {
    const { retention, error } = this.#options;
    channel.limits = DECIDING;
    channel.limits = limitsOf(retention, () => channelOf(channel.key), error);
    this.#shortest = Math.min(this.#shortest, channel.limits.age);
  }
}
