import { asError, BusError, given } from "../errors.ts";
import type { Channel } from "../notification.ts";

/** How much of one channel is retained. */
export interface ChannelRetention {
  /** How long a notification is retained, in ms. */
  readonly age?: number;
  /** How many notifications are retained. */
  readonly count?: number;
}

/**
 * How much a bus retains. What is trimmed is never silently lost: a reader that was behind it is answered `missed`.
 * Processes that share a store are given the same.
 */
export interface Retention extends ChannelRetention {
  /** ms, for each channel. Default: 24 hours. */
  readonly age?: number;
  /** For each channel. Default: 1,000. */
  readonly count?: number;
  /** Over all channels. Default: 100,000. */
  readonly total?: number;
  /**
   * The text of all channels and messages together, in UTF-16 units, as `length` counts them. The newest send stays, however
   * large. Default: 256 Mi.
   */
  readonly bytes?: number;
  /** A channel's own `age` and `count`; what it leaves out is as above. */
  readonly of?: (channel: Channel) => ChannelRetention | undefined;
}

export type Limits = Required<ChannelRetention>;

export interface CheckedRetention extends Limits {
  readonly total: number;
  readonly bytes: number;
  readonly of: ((channel: Channel) => ChannelRetention | undefined) | undefined;
}

const DAY = 24 * 60 * 60 * 1000;

/** Checks what the application gave. Throws `bad_option`. */
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

/** What is retained of one channel. When the application's `of` fails, that is reported, and the channel is as the others. */
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
