import { BusError, given } from "../errors.ts";
import type { Channel } from "../notification.ts";
import { checkCallback, checkMs, checkNames, checkPort } from "../util/validate.ts";
import type { Identity } from "./member.ts";
import { isId } from "./rows.ts";

/** The most text of a member's `info`, in UTF-16 units. */
const MOST_INFO = 4_096;

/** The options of `presence`. `Context` is the request that a mount gives its hooks. */
export interface PresenceOptions<Context, Info> {
  /**
   * Returns the person behind a request, or undefined for nobody. Mounts ask once for each request, and wait for the
   * answer as for their `channels` hook.
   */
  readonly member: (context: Context) => Identity<Info> | undefined | Promise<Identity<Info> | undefined>;
  /**
   * The time for which a member stays after its last connection, in ms. Default: 65,000, because a hidden tab may be
   * heard once a minute.
   */
  readonly grace?: number;
  /** The time after the last reported activity at which a member is away, in ms. Default: 1,800,000. */
  readonly away?: number;
  /** Returns true for the channels that have members. Default: every channel that a request reads. */
  readonly joins?: (channel: Channel) => boolean;
}

/** The options of `presence` with their defaults. */
export type CheckedPresence<Context, Info> = PresenceOptions<Context, Info> &
  Required<Pick<PresenceOptions<Context, Info>, "grace" | "away">>;

/** Checks the options, and adds the defaults. Throws `bad_option`. */
export function checkPresence<Context, Info>(options: PresenceOptions<Context, Info>): CheckedPresence<Context, Info> {
  checkNames("presence", options, ["member", "grace", "away", "joins"]);
  checkPort("presence", options, "member", "given a member(context) hook, which names the person behind a request");
  checkCallback("joins", options.joins);
  const { grace = 65_000, away = 1_800_000 } = options;
  if (checkMs("grace", grace) < 1_000 || grace === Number.POSITIVE_INFINITY) {
    throw new BusError("bad_option", `grace must be a finite number of ms from 1,000 up, got ${given(grace)}`);
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
