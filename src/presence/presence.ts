/**
 * Tells who is there: the members of each channel, over all devices and all nodes that share a store.
 *
 * @module nightbus/presence
 */

import { type Bus, hubOf } from "../bus.ts";
import type { Hub } from "../core/hub.ts";
import { insideOf } from "../core/module-copies.ts";
import type { AnyChannels } from "../notification.ts";
import { Presence } from "./bus-presence.ts";
import { checkPresence, type PresenceOptions } from "./options.ts";
import { Roster } from "./roster.ts";
import { statusRows } from "./status-rows.ts";

export type { Presence } from "./bus-presence.ts";
export type { Connection } from "./connection.ts";
export type { Identity, Member, MemberId, MemberStatus, PresenceChange, PresenceChannels, Status } from "./member.ts";
export type { PresenceOptions } from "./options.ts";

/**
 * Makes the presence of a bus. The connections of its mounts are leases: a member leaves when the last of them has been
 * gone for the grace. Its channels have a retention of their own, ten minutes and 1,000 rows, and emit no
 * `notification`. A failed send is one `error` of the bus, and is tried again. Throws `bad_option`.
 */
export function presence<C extends object = AnyChannels, Context = unknown, Info = unknown>(
  bus: Bus<C>,
  options: PresenceOptions<Context, Info, C>,
): Presence<Context, Info> {
  const checked = checkPresence(options);
  const failed = (error: Error): void => void bus.emit("error", error);
  const { send, rowsOf: serialise } = insideOf<Hub>(bus);
  const { statusTo } = options;
  const rowsOf = statusTo && statusRows({ statusTo, serialise, failed });
  const roster = new Roster({ ...checked, hub: hubOf(bus), send, failed, rowsOf });
  return new Presence(roster, checked, failed);
}
