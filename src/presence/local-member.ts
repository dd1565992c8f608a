import type { Bucket, Due } from "../util/deadlines.ts";
import type { Activity, Entry } from "./rows.ts";

/** The channel that each connection of a member is on, so that a member without channels also has a lease. No row names it. */
export const EVERYWHERE = "";

/** A moment at which something of a member falls due. */
export class Moment implements Due {
  bucket: Bucket | undefined = undefined;
  slot = 0;
  /** The moment by the monotonic clock, in ms. */
  at = 0;
  readonly due: (late: number) => void;

  /** `due` is given the lateness in ms. */
  constructor(due: (late: number) => void) {
    this.due = due;
  }
}

/** A member on one channel of this node. */
export interface Stay {
  connections: number;
  /** The wall clock of the join, in ms. */
  since: number;
  /** The end of the stay if no connection comes back. */
  readonly end: Moment;
  /** True if the end was put off once, because the process had been stopped. */
  isExtended: boolean;
}

/** A member with connections to this node, or whose last connection has not been gone for the grace. */
export class LocalMember {
  info: unknown = undefined;
  text = "";
  /** The wall clock at which `info` came, in ms. */
  at = 0;
  readonly stays = new Map<string, Stay>();
  activity: Activity = "unknown";
  /** The last reported activity, by the monotonic clock in ms. */
  activeAt = Number.NEGATIVE_INFINITY;
  readonly awayAt: Moment;

  constructor(away: () => void) {
    this.awayAt = new Moment(away);
  }

  /** The member as other nodes hear of it. */
  get entry(): Entry {
    const channels = new Map<string, number>();
    for (const [key, { since }] of this.stays) if (key !== EVERYWHERE) channels.set(key, since);
    const { info, text, at, activity } = this;
    return { info, text, at, activity, channels };
  }
}
