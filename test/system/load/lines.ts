/** Small channels, each with its share of the readers, and one on which large messages come fast. */
export const CHANNELS = Array.from({ length: 100 }, (_, n) => `small ${n}`);
export const FLOOD = "flood";

/** What is sent: the how manieth it is on its channel. */
export interface Message {
  readonly n: number;
  readonly text: string;
}

/** What the server tells: where it listens, what is the last on each channel, what it holds. */
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

/** What the server is asked for. */
export type Asked = "stop" | "hold";

/** What a crowd tells when each of its readers has read everything. */
export interface Account {
  readonly reads: number;
  readonly problems: readonly string[];
}
