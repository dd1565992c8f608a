import type { ClientError } from "../errors.ts";
import type { News, Status } from "../types.ts";

/** A tab that joins, or reads other channels from now on. The leader forgets a tab once the tab's own lock is free. */
export type TabMessage = readonly [tab: number, channels: readonly string[]];

/** The state of the leader's connection, with its news. */
export interface LeaderMessage {
  readonly leader: number;
  readonly status: Status;
  /** The reason of the status. A broadcast Error would lose these properties. */
  readonly reason: Pick<ClientError, "code" | "message" | "status" | "retryAfter"> | undefined;
  readonly heartbeat: number;
  /** The leader's position before the news. */
  readonly last: number | undefined;
  /** The channels that the leader broadcasts from now on, with every notification. */
  readonly channels?: readonly string[] | false | undefined;
  readonly news?: News | undefined;
}

/** Returns true if all of these channels are in the union. */
export function covers(union: readonly string[], channels: readonly string[]): boolean {
  return channels.every((channel) => union.includes(channel));
}
