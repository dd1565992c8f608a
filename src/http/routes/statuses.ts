import type { MemberId, Status } from "../../presence/presence.ts";
import type { Signal } from "../../util/abort.ts";
import type { Identifying } from "./person.ts";

/** The most members of one request. */
const MOST_ASKED = 1_000;

/** The question of a client for statuses. */
export interface AskedStatuses<Context> {
  readonly request: { readonly signal: Signal };
  readonly context: Context;
  /** The ids as the client sent them. */
  readonly ids: unknown;
}

/** The status of one member, as clients of Odoo read it. */
export interface StatusOf {
  readonly id: MemberId;
  readonly im_status: Status;
}

/**
 * Returns the ids whose status the client may see, at once unless the `sees` hook waits. Other values than ids are left out. Throws
 * or rejects with a Refusal, or an Error of the hook's.
 */
export function seenBy<Context>(
  { hooks, options: { presence } }: Identifying<Context>,
  { request, context, ids }: AskedStatuses<Context>,
): readonly MemberId[] | Promise<readonly MemberId[]> {
  if (presence === undefined || !Array.isArray(ids)) return [];
  const asked: MemberId[] = ids.slice(0, MOST_ASKED).filter((id) => typeof id === "number" || typeof id === "string");
  if (asked.length === 0) return [];
  const seen = hooks.ask("sees", () => presence.seen(context, asked), request.signal);
  return seen as readonly MemberId[] | Promise<readonly MemberId[]>; // `seen` checked it
}

/** Returns the statuses of these members as they are now. */
export function statusesOf<Context>(
  { options: { presence } }: Pick<Identifying<Context>, "options">,
  ids: readonly MemberId[],
): readonly StatusOf[] {
  return presence === undefined ? [] : ids.map((id) => ({ id, im_status: presence.status(id) }));
}
