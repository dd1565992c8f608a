/** The manner in which a crowd waits. */
export type Kind = "event streams" | "parked polls";

/** One crowd on one process. */
export interface Scale {
  readonly kind: Kind;
  readonly connections: number;
  /** Accepted connections a second. */
  readonly accepted: number;
  /** Heap and resident memory of the server for a connection, in kB. */
  readonly heap: number;
  readonly resident: number;
  /** The time until all have a notification, in ms; the median of the wakes, as all below. */
  readonly wake: number;
  /** The server's processor time for a delivery, in us. */
  readonly cpu: number;
  /** The longest time for which the server's event loop did nothing else, in ms. */
  readonly pause: number;
  /** The longest time that another request waited meanwhile, in ms. */
  readonly other: number;
}

/** The work of one log, shared among processes. */
export interface Spread {
  readonly engine: string;
  readonly processes: number;
  /** The sends a second of 64 producers in all. */
  readonly sends: number;
  /** The notifications a second that 1,000 readers in all heard. */
  readonly deliveries: number;
}
