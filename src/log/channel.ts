import { type Channel, channelOf } from "../notification.ts";
import type { Limits } from "./retention.ts";
import { type Chain, NONE } from "./ring.ts";

/**
 * A channel that has rows, or that someone watches. `W` is what those who wait hang on it; the log only asks whether there is
 * anything, since a watched channel is not forgotten.
 */
export class LogChannel<W> implements Chain {
  readonly key: string;
  readonly number: number;
  limits: Limits;
  oldest = NONE;
  newest = NONE;
  size = 0;
  /** The newest id that came on it, 0 for none since it was made. */
  newestId = 0;
  /** The newest trimmed id. */
  watermark: number;
  watch: W | undefined = undefined;
  /** How many are handed what comes on it. */
  watchers = 0;
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
