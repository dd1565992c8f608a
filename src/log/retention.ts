import { asError, BusError, given } from "../errors.ts";
import type { Channel } from "../notification.ts";

/** The limits of one channel. */
export interface ChannelRetention {
  /** The age to which a notification is retained, in ms. */
  readonly age?: number;
  /** The number of notifications that are retained. */
  readonly count?: number;
}

/**
 * The limits of a bus. Nothing that is trimmed is lost silently: a reader that was behind it is answered `missed`. Give
 * processes that share a store the same limits.
 */
export interface Retention extends ChannelRetention {
  /** The limit of age in ms, for each channel. Default: 24 hours. */
  readonly age?: number;
  /** The limit for each channel. Default: 1,000. */
  readonly count?: number;
  /** The limit over all channels. Default: 100,000. */
  readonly total?: number;
  /**
   * The limit of the text of all channels and messages together, in UTF-16 units, as `length` counts them. The newest
   * send stays, however large. Default: 256 Mi.
   */
  readonly bytes?: number;
  /** Returns a channel's own `age` and `count`. Missing limits are those above. */
  readonly of?: (channel: Channel) => ChannelRetention | undefined;
}

/** Both limits of one channel. */
export type Limits = Required<ChannelRetention>;

/** The limits of a bus with their defaults. */
export interface CheckedRetention extends Limits {
  readonly total: number;
  readonly bytes: number;
  readonly of: ((channel: Channel) => ChannelRetention | undefined) | undefined;
}

const DAY = 24 * 60 * 60 * 1000;

/** Returns the retention that the application gave, with the defaults. Throws `bad_option`. */
export function checkRetention(retention: Retention = {}): CheckedRetention {
  const { age = DAY, count = 1_000, total = 100_000, bytes = 2 ** 28, of } = retention;
  checkBound("retention.age", age);
  checkBound("retention.count", count);
  checkBound("retention.total", total);
  checkBound("retention.bytes", bytes);
  if (of !== undefined && typeof of !== "function") {
    throw new BusError(
      "bad_option",
      `retention.of must be a function from a channel to its age and count, got ${given(of)}`,
    );
  }
  return { age, count, total, bytes, of };
}

/**
 * Returns the limits of one channel. A failure of the application's `of` is reported, and the channel gets the limits
 * of all others.
 */
export function limitsOf(retention: CheckedRetention, channel: () => Channel, report: (error: Error) => void): Limits {
  if (retention.of === undefined) return retention;
  try {
    const { age = retention.age, count = retention.count } = retention.of(channel()) ?? {};
    checkBound("the age that retention.of returns", age);
    checkBound("the count that retention.of returns", count);
    return { age, count };
  } catch (thrown) {
    report(asError(thrown));
    return retention;
  }
}

function checkBound(name: string, value: unknown): void {
  if (typeof value === "number" && value >= 0) return;
  throw new BusError("bad_option", `${name} must be a number from 0 up (Infinity for no bound), got ${given(value)}`);
}
