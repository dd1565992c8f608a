/** A connection that is there: what a command answers. Rejects as the client does, or with `Unreachable` when it was not sent. */
export interface Send {
  (command: readonly string[]): Promise<unknown>;
  /** Another number or text whenever bytes have come. Absent where the client does not show it. */
  readonly moved?: () => number | string | undefined;
  /** True if that also tells of bytes that the network has taken. */
  readonly seesWrites?: boolean;
}

/**
 * Makes a connection. It lives until `life` is aborted: by whoever needs it no more, at whatever it is, or when it is lost.
 * Rejects as the client does, or with `store` where there is none.
 */
export type Connect = (life: AbortController) => Promise<Send>;

/** How long a connection is waited for, in ms. */
export const CONNECTING = 5_000;

/** Whether a client that has not connected could not; after that the outcome of a command is unknown. */
export function couldNotConnect(error: unknown): boolean {
  const { syscall, code, errors } = Object(error) as { syscall?: unknown; code?: unknown; errors?: unknown };
  return syscall === "connect" || (code === "ECONNREFUSED" && Array.isArray(errors));
}
