import { type Channel, channel } from "node:diagnostics_channel";

/**
 * The reports on Node's diagnostics channels, by name. A subscriber runs at once, before the bus goes
 * on. Without subscribers a message costs one look.
 */
export interface Diagnostics {
  /** A send joined the queue. */
  "nightbus:send": FromBus & {
    /** The notifications of the send. */
    readonly rows: number;
  };
  /** The store committed sends of this process. */
  "nightbus:commit": FromBus & {
    /** The sends that shared the commit. */
    readonly sends: number;
    /** The notifications of these sends. */
    readonly rows: number;
    /** The time that the store took, in ms. */
    readonly ms: number;
  };
  /** A commit of this or another process woke readers. */
  "nightbus:wake": FromBus & {
    /** The parked polls that woke. */
    readonly polls: number;
    /** The streams and WebSockets that woke. */
    readonly streams: number;
  };
  /** A poll was answered, or parked. */
  "nightbus:poll": FromBus & {
    /** The number of its channels. */
    readonly channels: number;
    /** The notifications that the poll found; 0 if it parked. */
    readonly rows: number;
    /** True if the answer says that the reader missed something. */
    readonly missed: boolean;
    /** True if the poll waits. */
    readonly parked: boolean;
  };
  /** A stream opened or ended. */
  "nightbus:stream": FromBus & {
    /** 1 for a stream that opened, -1 for one that ended. */
    readonly change: 1 | -1;
    /** The streams that are open now. */
    readonly streams: number;
  };
  /** A WebSocket opened or closed. */
  "nightbus:socket": FromBus & {
    /** 1 for a WebSocket that opened, -1 for one that closed. */
    readonly change: 1 | -1;
    /** The WebSockets that are open now. */
    readonly sockets: number;
  };
  /** A consumer of this process comes near to the edge of the retention. */
  "nightbus:behind": FromBus & {
    /** The name of the consumer. */
    readonly name: string;
    /** The retained notifications that are yet to be handled. */
    readonly behind: number;
    /** The share of the retention that they use, from 0 to 1. */
    readonly edge: number;
  };
  /** The log no longer retains some notifications. */
  "nightbus:trim": FromBus & {
    /** The number of trimmed notifications. */
    readonly rows: number;
  };
  /** The error of an `error` event, or the error with which a send or a poll was rejected because the store failed. */
  "nightbus:error": FromBus & {
    /** The error, a BusError or the error of a hook or a listener. */
    readonly error: Error;
  };
}

/** The part that all messages share. */
export interface FromBus {
  /** The bus that speaks. */
  readonly bus: object;
}

/** The diagnostics channels, for the code that publishes. */
export const diagnostics: { readonly [Name in keyof Diagnostics]: Channel<Diagnostics[Name], unknown> } = {
  "nightbus:send": channel("nightbus:send"),
  "nightbus:commit": channel("nightbus:commit"),
  "nightbus:wake": channel("nightbus:wake"),
  "nightbus:poll": channel("nightbus:poll"),
  "nightbus:stream": channel("nightbus:stream"),
  "nightbus:socket": channel("nightbus:socket"),
  "nightbus:behind": channel("nightbus:behind"),
  "nightbus:trim": channel("nightbus:trim"),
  "nightbus:error": channel("nightbus:error"),
};
