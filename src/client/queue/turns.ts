import type { ClientError } from "../errors.ts";
import { failure } from "./failure.ts";
import type { QueueReason } from "./types.ts";
import type { SentEntry } from "./waiting.ts";

/** The end of a send: its ids, or the reason for which it was given up. */
export type Ending = Ended & (Committed | GivenUp);

interface Ended {
  readonly key: string;
  readonly place: number;
  readonly entries: readonly SentEntry[];
}

interface Committed {
  readonly ids: readonly number[];
}

interface GivenUp {
  readonly reason: QueueReason;
  readonly mayBeCommitted: boolean;
  readonly error: ClientError;
}

/** A message between tabs: the end of a send, or undefined for a new send. */
type TabMessage = Ending | undefined;

/** Lets one tab at a time send, and passes messages between tabs. */
export interface Turns {
  /** Runs the work under the lock. The signal tells the work that the lock is lost. Resolves with undefined then, and at `close`. */
  run<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T | undefined>;
  /** Tells the other tabs. */
  tell(message: TabMessage): void;
  /** Ends the work under way. */
  close(): void;
}

/** The time in ms after which the lock is taken from a tab that does not move. The work of a turn is shorter. */
const PATIENCE = 60_000;

/**
 * Joins the tabs that share a storage under this name. Without Web Locks two tabs may try the same send at once. Its key
 * makes that one send, and the next one waits for both.
 */
export function turnsOf(name: string | undefined, hear: (message: TabMessage) => void): Turns {
  const { BroadcastChannel: Radio, navigator } = globalThis;
  const locks = name === undefined ? undefined : navigator?.locks;
  const radio = name === undefined || Radio === undefined ? undefined : new Radio(name);
  (radio as { unref?(): void } | undefined)?.unref?.(); // the queue keeps no process of Node alive
  if (radio) radio.onmessage = ({ data }) => hear(revived(data));
  const over = new AbortController();
  return {
    run: (work) => turn(locks, name ?? "", over.signal, work),
    tell: (message) => radio?.postMessage(plain(message)),
    close() {
      over.abort();
      radio?.close();
    },
  };
}

/** Work that is given a signal never rejects, so a rejection means that the lock was not given, or is lost. */
async function turn<T>(
  locks: LockManager | undefined,
  name: string,
  over: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
  steal?: true,
): Promise<T | undefined> {
  const mine = new AbortController();
  const wait = new AbortController();
  const stop = (): void => {
    wait.abort();
    mine.abort();
  };
  over.addEventListener("abort", stop);
  const timer = setTimeout(() => wait.abort(), PATIENCE);
  let hasBegun = false;
  const begin = (): Promise<T | undefined> => {
    clearTimeout(timer);
    hasBegun = true;
    return mine.signal.aborted ? Promise.resolve(undefined) : work(mine.signal);
  };
  try {
    return await (locks === undefined
      ? begin()
      : locks.request(name, steal ? { steal } : { signal: wait.signal }, begin));
  } catch {
    if (over.aborted || hasBegun) return undefined;
    // The holder did not move in time, or locks are forbidden here.
    return await turn(wait.signal.aborted && !steal ? locks : undefined, name, over, work, true);
  } finally {
    clearTimeout(timer);
    over.removeEventListener("abort", stop);
    mine.abort();
  }
}

/** Returns a message that can be broadcast. An Error would lose its properties. */
function plain(message: TabMessage): unknown {
  if (message === undefined || "ids" in message) return message;
  const { code, message: sentence, status, retryAfter, issues } = message.error;
  return { ...message, error: { code, message: sentence, status, retryAfter, issues } };
}

/** Returns a message that was broadcast. */
function revived(data: unknown): TabMessage {
  const message = data as TabMessage; // a tab of this version made it
  if (message === undefined || "ids" in message) return message;
  return { ...message, error: Object.assign(failure("", ""), message.error) };
}
