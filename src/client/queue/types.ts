import type { AnyChannels, NameOf, SentOf, Strict } from "../../notification.ts";
import type { NamedEntry } from "../client.ts";
import type { ClientError } from "../errors.ts";

/** A storage such as `localStorage`. Its other content stays as it is. */
export interface QueueStorage {
  /** The number of keys. */
  readonly length: number;
  /** Returns the key at this index; null beyond the last. */
  key(index: number): string | null;
  /** Returns the text of a key; null without one. */
  getItem(key: string): string | null;
  /** Keeps a text under a key. */
  setItem(key: string, value: string): void;
  /** Deletes a key. */
  removeItem(key: string): void;
}

/** A send of the queue that was committed. */
export interface QueueSent<C extends object = AnyChannels> {
  /** The key of the send. */
  readonly key: string;
  /** The entries of the send, as JSON gives them back. */
  readonly entries: readonly NamedEntry<C>[];
  /** The ids of the notifications, in order. */
  readonly ids: readonly number[];
}

/**
 * The reason for which a send is given up.
 *
 * - `refused`: the server refuses it; `error` says why.
 * - `unknown`: a try may have committed it, and the server may have forgotten its key since.
 * - `closed`: the queue was closed, and the send was in memory alone.
 */
export type QueueReason = "refused" | "unknown" | "closed";

/** A send that the queue gave up. */
export interface QueueGivenUp<C extends object = AnyChannels> {
  /** The key of the send. */
  readonly key: string;
  /** The entries of the send, as JSON gives them back. */
  readonly entries: readonly NamedEntry<C>[];
  /** The reason. */
  readonly reason: QueueReason;
  /** True if an earlier try may have committed the send. */
  readonly mayBeCommitted: boolean;
  /** The server's refusal, or a sentence for another reason. Its `code` is the server's, or the reason. */
  readonly error: ClientError;
}

/** The options of `queueOf`. */
export interface QueueOptions<C extends object = AnyChannels> {
  /** Called with each send that is given up, in every tab that shares the storage. The promise of the send rejects, too. */
  readonly onGivenUp: (send: QueueGivenUp<C>) => void;
  /** Called with each send that was committed, in every tab that shares the storage. */
  readonly onSent?: (send: QueueSent<C>) => void;
  /**
   * Called with the code `storage` at the first failure of the storage, and for each content that is no send. Called with
   * `thrown` if a callback throws.
   */
  readonly onError?: (error: ClientError) => void;
  /** Keeps the sends over a reload, for example `localStorage`. Default: memory. */
  readonly storage?: QueueStorage;
  /**
   * The name of the queue in the storage, required with one. Put the mount and the user into it, so that nobody sends what
   * another user left.
   */
  readonly name?: string;
  /** The most sends that wait. One more is refused with `full`. Default: 1,000. */
  readonly count?: number;
  /** The most text of the sends that wait, in UTF-16 units, as browsers count it. Default: 1,000,000. */
  readonly bytes?: number;
  /** The bus's `keys.window` in ms, from 60,000 up. Default: 10 minutes. A send is tried for 30 s less. */
  readonly window?: number;
}

/** A queue of sends. */
export interface SendQueue<C extends object = AnyChannels> {
  /** The number of sends that wait, of all tabs that share the storage. */
  readonly waiting: number;
  /**
   * Sends one notification as soon as the mount can be reached, after all earlier ones. Resolves with its id after the
   * commit. Rejects with `bad_argument`, `full` or `closed`, and with the error of `onGivenUp`.
   */
  sendone<const K extends NameOf<C>>(channel: K, message: SentOf<C, K>): Promise<number>;
  /** Sends all notifications or none, and resolves with their ids. Rejects as `sendone`. */
  sendmany<const E extends readonly NamedEntry<C>[]>(entries: E & Strict<C, E>): Promise<readonly number[]>;
  /**
   * Ends the queue, as the end of its client does. Sends in the storage stay there for the next queue of this name, and
   * their promises reject with `closed`. Sends in memory are given up. A second call does nothing.
   */
  close(): void;
}
