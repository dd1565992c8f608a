// The machine's own timers: bytes come in its time, whatever the bus's clock is, or a test runner makes of the globals.
const { setTimeout, clearTimeout } = globalThis;
const monotonic = performance.now.bind(performance);

/** How often one looks within the silence that is waited for. */
const LOOKS = 4;

export interface Silence {
  /** How long nothing may move, in ms. */
  readonly ms: number;
  /** The longest wait in all, in ms, whatever moves. */
  readonly most: number;
  /** A number that changes when bytes have moved; undefined where nobody counts them, which is silence. */
  readonly moved: () => number | undefined;
}

/**
 * Calls back once, when no byte has moved for a while, or the longest wait is over: a large message takes its time on a slow
 * way, and a lost one takes for ever. Returns how to stop.
 */
export function whenSilent({ ms, most, moved }: Silence, silent: () => void): () => void {
  const end = monotonic() + most;
  let quiet = 0;
  let before = moved();
  const look = (): void => {
    const now = moved();
    quiet = now === undefined || now === before ? quiet + 1 : 0;
    before = now;
    if (quiet >= LOOKS || monotonic() >= end) silent();
    else timer = setTimeout(look, ms / LOOKS);
  };
  let timer = setTimeout(look, ms / LOOKS);
  return () => clearTimeout(timer);
}

/** As much of a socket as says how many bytes have moved. */
export interface CountedSocket {
  readonly bytesRead?: number | undefined;
  readonly bytesWritten?: number | undefined;
  /** Node's own handle, which knows how much of what was written still waits here. */
  readonly _handle?: { readonly writeQueueSize?: number } | null;
}

/** A number that changes when bytes have come or gone on a socket; undefined where it does not count. */
export function movedOn(socket: CountedSocket | undefined): number | undefined {
  if (socket?.bytesRead === undefined || socket.bytesWritten === undefined) return undefined;
  return socket.bytesRead + socket.bytesWritten - (socket._handle?.writeQueueSize ?? 0);
}
