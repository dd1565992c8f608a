import { type Clock, keepAlive, type Timer } from "../../util/clock.ts";

/** The looks of one wait. */
const LOOKS = 10;

/** The bytes that lengthen a wait by a second. Buffers hide their way to the engine, which then has to work on them. */
const HIDDEN = 2 ** 20;
const LONGEST_HIDDEN = 30_000;

/** A wait for bytes on a connection. */
export interface Silence {
  readonly clock: Clock;
  /** The length of the silence that ends the wait, in ms. */
  readonly ms: number;
  /** The size of the question, in bytes. */
  readonly bytes?: number;
  /** The longest wait, in ms, whatever moves. Default: Infinity, for a connection on which nothing else moves. */
  readonly most?: number;
  /** A mark that changes whenever bytes come, or the network takes some. Constant or absent if the client does not show it. */
  readonly moved?: (() => number | string | undefined) | undefined;
}

/**
 * Calls back once, after a silence: no byte came or went. The wait counts looks and not time, so that a busy or stopped
 * process does not mistake its own pause for silence. Returns a function that stops the wait.
 */
export function whenSilent(silence: Silence, silent: (ms: number) => void): () => void {
  const { clock, ms, bytes = 0, most = Number.POSITIVE_INFINITY, moved } = silence;
  const whole = ms + Math.min((bytes / HIDDEN) * 1_000, LONGEST_HIDDEN);
  let timer: Timer;
  let mark = moved?.();
  let left = LOOKS;
  let rest = Math.ceil((most / whole) * LOOKS);
  const look = (): void => {
    const now = moved?.();
    left = now === mark ? left - 1 : LOOKS;
    mark = now;
    rest -= 1;
    if (left > 0 && rest > 0) wait();
    else silent(left > 0 ? most : whole);
  };
  const wait = (): void => {
    timer = clock.setTimeout(look, whole / LOOKS);
    keepAlive(timer, false);
  };
  wait();
  return () => clock.clearTimeout(timer);
}

/** Settles as the work does, or rejects after a silence. The error says that `what` did not come. */
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

/** The mark of a Node socket for `moved`: the bytes read so far, and the bytes that the kernel has not taken yet. */
export function movedOn(socket: unknown): string | undefined {
  const { bytesRead, _handle } = Object(socket) as { bytesRead?: unknown; _handle?: { writeQueueSize?: unknown } };
  return typeof bytesRead === "number" ? `${bytesRead} ${_handle?.writeQueueSize ?? 0}` : undefined;
}
