import { keyFor, nameOf } from "../core/send-keys.ts";
import { asError } from "../errors.ts";
import type { SharedRow } from "../log/row.ts";
import type { Channel } from "../notification.ts";
import type { SendKey } from "../store.ts";
import type { FailedNotification } from "./types.ts";

/** The longest sentence of an error that is sent on, in UTF-16 units. */
const LONGEST_ERROR = 1_000;

/** Notifications that the handler failed on, in every attempt. */
export interface Failure {
  readonly consumer: string;
  readonly rows: readonly SharedRow[];
  readonly error: unknown;
  readonly attempts: number;
}

/** Returns the entries that tell of a failure, one for each notification. A message may be too long to be sent inside another one. */
export function entriesOf(
  { consumer, rows, error, attempts }: Failure,
  channel: Channel,
  hasMessages: boolean,
): readonly (readonly [Channel, FailedNotification])[] {
  const sentence = `${asError(error).message}`.slice(0, LONGEST_ERROR); // any value may be the message of an error
  return rows.map(({ notification: { id, channel: of, message } }) => [
    channel,
    { consumer, id, channel: of, ...(hasMessages && { message }), error: sentence, attempts },
  ]);
}

/**
 * Returns the key of the send of one failure. A repetition may have another error or be part of another list, and is the same
 * send.
 */
export function keyOfFailure(consumer: string, { id }: SharedRow): SendKey {
  return keyFor(nameOf("consumer", `${id}-${consumer}`), []);
}
