import { type Channel, channel } from "node:diagnostics_channel";

/**
 * What is published on Node's diagnostics channels, by their names. Whoever subscribes is called at once, before what is told goes
 * on; with nobody there it costs a look. `bus` is the one on which it happened.
 */
export interface Diagnostics {
  /** A send was queued. */
  "nightbus:send": { readonly bus: object; readonly rows: number };
  /** The store has committed sends of this process, and took so many ms. */
  "nightbus:commit": { readonly bus: object; readonly sends: number; readonly rows: number; readonly ms: number };
  /** What was committed, by whomever, has woken so many parked polls and streams. */
  "nightbus:wake": { readonly bus: object; readonly polls: number; readonly streams: number };
  /** A poll of so many channels has found so many rows, or was parked. */
  "nightbus:poll": {
    readonly bus: object;
    readonly channels: number;
    readonly rows: number;
    readonly missed: boolean;
    readonly parked: boolean;
  };
  /** A stream was opened or has ended, and so many are open now. */
  "nightbus:stream": { readonly bus: object; readonly change: 1 | -1; readonly streams: number };
  /** So many rows are no longer retained. */
  "nightbus:trim": { readonly bus: object; readonly rows: number };
  /** What the event `error` tells, and what a send or a poll was rejected with because the store failed. */
  "nightbus:error": { readonly bus: object; readonly error: Error };
}

/** The channels, for whoever publishes. */
export const diagnostics: { readonly [Name in keyof Diagnostics]: Channel<Diagnostics[Name], unknown> } = {
  "nightbus:send": channel("nightbus:send"),
  "nightbus:commit": channel("nightbus:commit"),
  "nightbus:wake": channel("nightbus:wake"),
  "nightbus:poll": channel("nightbus:poll"),
  "nightbus:stream": channel("nightbus:stream"),
  "nightbus:trim": channel("nightbus:trim"),
  "nightbus:error": channel("nightbus:error"),
};
