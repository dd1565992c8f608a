import { type Channel, channelOf } from "../notification.ts";
import type { Limits } from "./retention.ts";
import { type Chain, NONE } from "./ring.ts";

/**
 * A channel that has rows or readers. `W` is the line of its waiters, and the log only asks if there is one: a channel
 * with readers is not forgotten.
 */
export class LogChannel<W> implements Chain {
  readonly key: string;
  readonly number: number;
  limits: Limits;
  oldest = NONE;
  newest = NONE;
  size = 0;
  /** The newest id on the channel, 0 if it has had none since it was made. */
  newestId = 0;
  /** The newest trimmed id. */
  watermark: number;
  watch: W | undefined = undefined;
  /** The number of lines of waiters that were called and are not all answered. */
  called = 0;
  /** The number of followers that watch the channel. */
  watchers = 0;
  /** True if its rows are nightbus's own, apart from the application's. */
  isApart = false;
  #channel: Channel | undefined;

  constructor(key: string, number: number, limits: Limits, watermark: number) {
    this.key = key;
    this.number = number;
    this.limits = limits;
    this.watermark = watermark;
  }

  get channel(): Channel {
    this.#channel ??= channelOf(this.key);
    return this.#channel;
  }
}
