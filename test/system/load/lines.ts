/** Small channels, each with its share of the readers, and one on which large messages come fast. */
export const CHANNELS = Array.from({ length: 100 }, (_, n) => `small ${n}`);
export const FLOOD = "flood";

/** A message: its number on its channel. */
export interface Message {
  readonly n: number;
  readonly text: string;
}

/** The messages of the server: its address, the last number of each channel, the memory that it holds. */
export type Told = { readonly addresses: readonly string[] } | { readonly finals: Finals } | { readonly holds: Holds };

/** The newest id, and the last `n` of each channel. */
export interface Finals {
  readonly newest: number;
  readonly counts: Readonly<Record<string, number>>;
}

export interface Holds {
  /** Of the heap in use and of buffers, after a collection. */
  readonly bytes: number;
  readonly waiting: number;
  readonly sockets: number;
  /** That keep the process alive. */
  readonly timers: number;
  readonly sends: number;
}

/** The requests to the server. */
export type Asked = "stop" | "hold";

/** The message of a crowd after each of its readers has read everything. */
export interface Account {
  readonly reads: number;
  readonly problems: readonly string[];
}
