import { type Channel, channel } from "node:diagnostics_channel";

/**
 * The messages on Node's diagnostics channels, by the channel's name. A subscriber runs at once, before the bus goes
 * on. Without subscribers a message costs one look. `bus` is the bus that speaks.
 */
export interface Diagnostics {
  /** A send joined the queue. */
  "nightbus:send": { readonly bus: object; readonly rows: number };
  /** The store committed sends of this process in `ms` milliseconds. */
  "nightbus:commit": { readonly bus: object; readonly sends: number; readonly rows: number; readonly ms: number };
  /** A commit of this or another process woke this many parked polls and streams. */
  "nightbus:wake": { readonly bus: object; readonly polls: number; readonly streams: number };
  /** A poll of `channels` channels found `rows` rows, or parked. */
  "nightbus:poll": {
    readonly bus: object;
    readonly channels: number;
    readonly rows: number;
    readonly missed: boolean;
    readonly parked: boolean;
  };
  /** A stream opened or ended. `streams` are open now. */
  "nightbus:stream": { readonly bus: object; readonly change: 1 | -1; readonly streams: number };
  /** The log no longer retains this many rows. */
  "nightbus:trim": { readonly bus: object; readonly rows: number };
  /** The error of an `error` event, or the error with which a send or a poll was rejected because the store failed. */
  "nightbus:error": { readonly bus: object; readonly error: Error };
}

/** The diagnostics channels, for the code that publishes. */
export const diagnostics: { readonly [Name in keyof Diagnostics]: Channel<Diagnostics[Name], unknown> } = {
  "nightbus:send": channel("nightbus:send"),
  "nightbus:commit": channel("nightbus:commit"),
  "nightbus:wake": channel("nightbus:wake"),
  "nightbus:poll": channel("nightbus:poll"),
  "nightbus:stream": channel("nightbus:stream"),
  "nightbus:trim": channel("nightbus:trim"),
  "nightbus:error": channel("nightbus:error"),
};
