import { BusError, given } from "../errors.ts";
import type { AnyChannels, Channel, Entry } from "../notification.ts";
import { checkCallback, checkMs, checkNames, checkPort } from "../util/validate.ts";
import type { Identity, MemberId, Status } from "./member.ts";
import { isId } from "./rows.ts";

/** The most text of a member's `info`, in UTF-16 units. */
const MOST_INFO = 4_096;

/** The longest grace, in ms. Its beats repeat the members of a node in time, since the rows of presence are kept for ten minutes. */
const LONGEST_GRACE = 20 * 60_000;

/** The options of `presence`. `Context` is the request that a mount gives its hooks. */
export interface PresenceOptions<Context, Info, C extends object = AnyChannels> {
  /**
   * Returns the person behind a request, or undefined for nobody. Mounts ask once for each request, and wait for the
   * answer as for their `channels` hook.
   */
  readonly member: (context: Context) => Identity<Info> | undefined | Promise<Identity<Info> | undefined>;
  /**
   * The time for which a member stays after its last connection, in ms, from 1,000 to 1,200,000. All processes have the same.
   * Default: 65,000, because a hidden tab may be heard once a minute.
   */
  readonly grace?: number;
  /** The time after the last reported activity at which a member is away, in ms. Default: 1,800,000. */
  readonly away?: number;
  /** Returns true for the channels that have members. Default: every channel that a request reads. */
  readonly joins?: (channel: Channel) => boolean;
  /**
   * Returns those of these ids whose status the client may see. Clients of Odoo ask for statuses by id. Default: all of
   * them, for every request that has a person.
   */
  readonly sees?: (context: Context, ids: readonly MemberId[]) => readonly MemberId[] | Promise<readonly MemberId[]>;
  /**
   * Returns further entries to send when the status of a member changes, over all channels, devices and nodes. They
   * commit with the change, once as a rule; nodes that change the same member at the same moment may send them again.
   * A failed send calls the function anew. Give it to every process, or to none. At most 100 entries and 64 kB of text.
   * A contract of the bus checks them. More of them, and errors, are one `error` of the bus, and nothing is sent in their
   * place. Default: none.
   */
  readonly statusTo?: (id: MemberId, status: Status) => readonly Entry<C>[];
}

/** The options of `presence` with their defaults. */
export type CheckedPresence<Context, Info> = Omit<PresenceOptions<Context, Info>, "statusTo"> &
  Required<Pick<PresenceOptions<Context, Info>, "grace" | "away">>;

/** Checks the options, and adds the defaults. Throws `bad_option`. */
export function checkPresence<Context, Info, C extends object>(
  options: PresenceOptions<Context, Info, C>,
): CheckedPresence<Context, Info> {
  checkNames("presence", options, ["member", "grace", "away", "joins", "sees", "statusTo"]);
  checkPort("presence", options, "member", "given a member(context) hook, which names the person behind a request");
  checkCallback("joins", options.joins);
  checkCallback("sees", options.sees);
  checkCallback("statusTo", options.statusTo);
  const { grace = 65_000, away = 1_800_000 } = options;
  if (checkMs("grace", grace) < 1_000 || grace > LONGEST_GRACE) {
    throw new BusError("bad_option", `grace must be a number of ms from 1,000 to 1,200,000, got ${given(grace)}`);
  }
  return { ...options, grace, away: checkMs("away", away) };
}

/** Returns the answer of the `member` hook with the text of its info; undefined for nobody. Throws `bad_option`. */
export function checkIdentity(answer: unknown): { readonly identity: Identity; readonly text: string } | undefined {
  if (answer === undefined || answer === null) return undefined;
  const { id, info = null } = Object(answer) as { readonly id?: unknown; readonly info?: unknown };
  if (!isId(id)) {
    throw new BusError(
      "bad_option",
      `member must return { id, info } or undefined, and the id is a text of 1 to 256 characters or a finite number, got ${given(answer)}`,
    );
  }
  const text = textOf(info);
  if (text !== undefined && text.length <= MOST_INFO) return { identity: { id, info: JSON.parse(text) }, text };
  throw new BusError(
    "bad_option",
    `the info of a member must be JSON of at most ${MOST_INFO} characters, got ${given(info)}`,
  );
}

function textOf(info: unknown): string | undefined {
  try {
    return JSON.stringify(info);
  } catch {
    return undefined; // a circle, or a bigint
  }
}
