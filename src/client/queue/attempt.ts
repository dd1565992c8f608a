import type { Client } from "../client.ts";
import type { ClientError } from "../errors.ts";
import { failure, isRefusal, isUndone } from "./failure.ts";
import type { Shelf } from "./shelf.ts";
import type { Ending } from "./turns.ts";

/** The longest wait for an answer, in ms. */
const LONGEST = 30_000;

/** The parts of an attempt. */
export interface AttemptOptions {
  readonly client: Pick<Client, "sendmany">;
  readonly shelf: Shelf;
  /** The time in ms for which the mount remembers a key. */
  readonly window: number;
  readonly end: (ending: Ending) => void;
}

/**
 * Tries the send that is next, or gives it up. Resolves with the failure that calls for a pause before another try. Never
 * rejects. Each try ends within the window of the first: a key that the mount has forgotten would commit twice.
 */
export async function attempt(
  { client, shelf, window, end }: AttemptOptions,
  over: AbortSignal,
): Promise<ClientError | undefined> {
  const send = shelf.first();
  if (send === undefined) return undefined;
  const { key, entries } = send;
  if (shelf.ageOf(send) >= window - LONGEST) {
    const error = failure("unknown", "the send was tried too long ago to be tried again; it may have been committed");
    end({ ...send, reason: "unknown", mayBeCommitted: true, error });
    return undefined;
  }
  shelf.mark(send, Date.now());
  try {
    const ids = await inTime(over, (signal) => client.sendmany(entries, { key, signal }));
    end({ ...send, ids });
    return undefined;
  } catch (thrown) {
    const error = thrown as ClientError; // a client throws no other error
    if (over.aborted) return undefined;
    if (isRefusal(error)) {
      end({ ...send, reason: "refused", mayBeCommitted: send.tried > 0, error });
      return undefined;
    }
    if (send.tried === 0 && isUndone(error)) shelf.mark(send, 0);
    return error;
  }
}

/** Rejects if the work takes too long or the outer signal is aborted. The work may ignore its signal. */
function inTime<T>(over: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const inner = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  return new Promise<T>((resolve, reject) => {
    timer = setTimeout(() => reject(failure("network", `no answer within ${LONGEST / 1_000} s`)), LONGEST);
    over.addEventListener("abort", () => reject(failure("network", "the turn is over")), { signal: inner.signal });
    work(inner.signal).then(resolve, reject);
  }).finally(() => {
    clearTimeout(timer);
    inner.abort(); // ends a request that is still under way
  });
}
