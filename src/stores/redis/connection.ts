/** Sends a command on an open connection. Rejects as the client does, or with `Unreachable` if the command was not sent. */
export interface Send {
  (command: readonly string[]): Promise<unknown>;
  /** A mark that changes whenever bytes come. Absent if the client does not show them. */
  readonly moved?: () => number | string | undefined;
  /** True if the mark also changes when the network takes bytes. */
  readonly seesWrites?: boolean;
}

/**
 * Makes a connection that lasts until `lifetime` aborts. A loss aborts it, and so does its user, even while it connects.
 * Rejects as the client does, or with `store` if there is no client.
 */
export type Connect = (lifetime: AbortController) => Promise<Send>;

/** The timeout of connecting, in ms. */
export const CONNECTING = 5_000;

/** True if the error says that no connection was made. After any other error the outcome of a command is unknown. */
export function couldNotConnect(error: unknown): boolean {
  const { syscall, code, errors } = Object(error) as { syscall?: unknown; code?: unknown; errors?: unknown };
  return syscall === "connect" || (code === "ECONNREFUSED" && Array.isArray(errors));
}
