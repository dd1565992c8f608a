import type { Ending } from "../streaming/stream-kind.ts";

/** A close code and its reason. */
export type Close = readonly [code: number, reason: string];

/** Ends every attempt of a client, until its page is loaded again. */
export const OUTDATED: Close = [1000, "OUTDATED_VERSION"];

/** The client comes back with the next user that it is told. */
export const EXPIRED: Close = [4001, "SESSION_EXPIRED"];

/** The client comes back after a pause, as after every code below. */
export const TRY_LATER: Close = [1013, "TRY_LATER"];

/** A fault of the application's. */
export const FAULT: Close = [1011, "SERVER_ERROR"];

/** The closes of the endings that every stream knows. */
export const ENDINGS: Readonly<Record<Ending, Close>> = {
  closed: [1001, "GOING_AWAY"],
  old: [4002, "KEEP_ALIVE_TIMEOUT"],
  slow: TRY_LATER,
  failed: FAULT,
  own: FAULT,
};
