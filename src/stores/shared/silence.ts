import { type Clock, keepAlive, type Timer } from "../../clock.ts";

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
  /** Another number or text whenever bytes have come, or were taken by the network; always the same where that cannot be seen. */
  readonly moved?: () => number | string | undefined;
  /** The name of the answer, as the error's first words. */
  readonly what: string;
}

/**
 * Settles as the work does, or rejects when nothing has moved for so long: bytes that come or go are no silence. The wait counts
 * looks and not time, so that a process that was busy or stopped takes nothing for silence that it could not hear.
 */
export function unlessSilent<T>(work: Promise<T>, { clock, ms, bytes = 0, moved, what }: Silence): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const patience = ms + Math.min((bytes / HIDDEN) * 1_000, LONGEST_HIDDEN);
    let timer: Timer;
    let mark = moved?.();
    let left = LOOKS;
    const look = (): void => {
      const now = moved?.();
      left = now === mark ? left - 1 : LOOKS;
      mark = now;
      if (left > 0) wait();
      else reject(new Error(`${what} did not come within ${Math.round(patience / 100) / 10} s`));
    };
    const wait = (): void => {
      timer = clock.setTimeout(look, patience / LOOKS);
      keepAlive(timer, false);
    };
    wait();
    work.then(resolve, reject).finally(() => clock.clearTimeout(timer));
  });
}

/** A mark of a socket of Node for `moved`: the bytes that it has read, and those that the kernel has not taken yet. */
export function movedOn(socket: unknown): string | undefined {
  const { bytesRead, _handle } = Object(socket) as { bytesRead?: unknown; _handle?: { writeQueueSize?: unknown } };
  return typeof bytesRead === "number" ? `${bytesRead} ${_handle?.writeQueueSize ?? 0}` : undefined;
}
