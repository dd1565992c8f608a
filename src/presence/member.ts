/** The id of a member: a string or a finite number, as the application has it. `1` is not `"1"`. */
export type MemberId = string | number;

/** The status of a member that is present. A member is away when the last activity on all its devices is too long ago. */
export type MemberStatus = "online" | "away";

/** The status of anyone: over all channels, devices and nodes. */
export type Status = MemberStatus | "offline";

/** The person behind a request, as the application's `member` hook names it. */
export interface Identity<Info = unknown> {
  /** The id of the person. */
  readonly id: MemberId;
  /** A JSON value that those who may see the channel get, at most 4 kB of text. Default: null. */
  readonly info?: Info;
}

/** A member of a channel. All its tabs and devices are one member. */
export interface Member<Info = unknown> {
  /** The id of the person. */
  readonly id: MemberId;
  /** The newest `info` that the application's hook gave. */
  readonly info: Info;
  /** The status over all devices. */
  readonly status: MemberStatus;
  /** The time of its join by the wall clock of the node that it joined, in ms since 1970. */
  readonly since: number;
}

/**
 * The message on `["presence", channel]`: the changes of a moment. A reader that applies the messages after a list's
 * position to that list has the later list. Applying a message twice changes nothing.
 */
export interface PresenceChange<Info = unknown> {
  /** The version of the form. */
  readonly v: 1;
  /** The members that have joined. */
  readonly joins: readonly Member<Info>[];
  /** The ids of the members that have left. */
  readonly leaves: readonly MemberId[];
  /** The members whose status, info or time of joining has changed, whole. */
  readonly changes: readonly Member<Info>[];
}

/** The channels that presence adds to a bus: `Bus<Chat & PresenceChannels>`. */
export interface PresenceChannels<Info = unknown> {
  /** The changes, on `["presence", channel]`. */
  readonly presence: PresenceChange<Info>;
}
