import { type Clock, keepAlive, type Timer } from "../../util/clock.ts";

/** The looks that a wait takes in its patience. */
const LOOKS = 10;

/** Bytes for which a wait is longer by a second: buffers on the way hide that they move, and the engine has to work on them. */
const HIDDEN = 2 ** 20;
const LONGEST_HIDDEN = 30_000;

export interface Silence {
  readonly clock: Clock;
  /** The silence after which a wait ends, in ms. */
  readonly ms: number;
  /** The size of the question. */
  readonly bytes?: number;
  /** The longest wait in all, in ms, whatever moves. Default: Infinity, for a connection on which nothing else moves. */
  readonly most?: number;
  /** Another number or text whenever bytes have come, or were taken by the network; always the same where that cannot be seen. */
  readonly moved?: (() => number | string | undefined) | undefined;
}

/**
 * Calls back once when no byte has come or gone for so long. The wait counts looks and not time, so that a process that was busy or
 * stopped does not mistake its own pause for silence. Returns a function that stops the wait.
 */
export function whenSilent(silence: Silence, silent: (ms: number) => void): () => void {
  const { clock, ms, bytes = 0, most = Number.POSITIVE_INFINITY, moved } = silence;
  const patience = ms + Math.min((bytes / HIDDEN) * 1_000, LONGEST_HIDDEN);
  let timer: Timer;
  let mark = moved?.();
  let left = LOOKS;
  let rest = Math.ceil((most / patience) * LOOKS);
  const look = (): void => {
    const now = moved?.();
    left = now === mark ? left - 1 : LOOKS;
    mark = now;
    rest -= 1;
    if (left > 0 && rest > 0) wait();
    else silent(left > 0 ? most : patience);
  };
  const wait = (): void => {
    timer = clock.setTimeout(look, patience / LOOKS);
    keepAlive(timer, false);
  };
  wait();
  return () => clock.clearTimeout(timer);
}

/** Settles as the work does, or rejects when it is silent: `what` did not come, as the error says. */
export function unlessSilent<T>(
  work: Promise<T>,
  { what, ...silence }: Silence & { readonly what: string },
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const stop = whenSilent(silence, (ms) => {
      reject(new Error(`${what} did not come within ${Math.round(ms / 100) / 10} s`));
    });
    work.then(resolve, reject).finally(stop);
  });
}

/** A mark of a socket of Node for `moved`: the bytes that it has read, and those that the kernel has not taken yet. */
export function movedOn(socket: unknown): string | undefined {
  const { bytesRead, _handle } = Object(socket) as { bytesRead?: unknown; _handle?: { writeQueueSize?: unknown } };
  return typeof bytesRead === "number" ? `${bytesRead} ${_handle?.writeQueueSize ?? 0}` : undefined;
}
