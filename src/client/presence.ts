/**
 * Keeps the list of who is on a channel, in a browser or another process.
 *
 * @module nightbus/client/presence
 */

import type { Notification } from "../notification.ts";
import type { Member, PresenceChange } from "../presence/member.ts";
import type { Client } from "./client.ts";
import type { ClientError } from "./errors.ts";
import { reportActivity } from "./presence/activity.ts";

export type { Member, MemberId, MemberStatus, PresenceChange } from "../presence/member.ts";

/** The options of `presenceOf`. */
export interface PresenceOfOptions<Info = unknown> {
  /** Called with the list when it has been loaded, and after each change. */
  readonly onChange?: (members: readonly Member<Info>[]) => void;
  /**
   * Called with a refusal of the server, after which the list stays as it is until a loss. Also called with the code `thrown`
   * for an error of `onChange`, which is thrown on without this option.
   */
  readonly onError?: (error: ClientError) => void;
  /** False to keep the page's inactivity to itself. Default: true, a report each 50 s and at each return. */
  readonly reports?: boolean;
}

/** The members of a channel, kept current. */
export interface PresenceOf<Info = unknown> {
  /** The list; empty until the first answer of the server. */
  readonly members: readonly Member<Info>[];
  /** Ends the list, its channel and its reports. A second call does nothing. */
  close(): void;
}

/** The most changes that wait for a list. */
const MOST_EARLY = 10_000;

/** The longest wait for a list, in ms. */
const LONGEST = 30_000;

/** The bounds of the pause before another attempt, in ms. */
const PAUSE = { first: 500, longest: 30_000 };

/**
 * Keeps the list of who is on this channel, without a gap. The list is loaded with its position, and the changes after
 * that position are applied. `of` is a client that `connect` returned. The client reads the channel meanwhile. The mount has `presence`, and its `channels` hook
 * adds `["presence", channel]` for a person who may see the list.
 */
export function presenceOf<Info = unknown>(
  of: Pick<Client, "status" | "last" | "close">,
  channel: string,
  { onChange = () => {}, onError, reports = true }: PresenceOfOptions<Info> = {},
): PresenceOf<Info> {
  const client = of as Client; // a client of any channels, whose map of channels does not matter here
  const over = new AbortController();
  let members = new Map<Member["id"], Member<Info>>();
  let list: readonly Member<Info>[] = [];
  /** The changes that came while a list was being loaded; undefined while the list is whole. */
  let early: { readonly id: number; readonly change: PresenceChange<Info> }[] | undefined = [];
  /** The number of the present loading. A loss begins another one. */
  let loading = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  client.addChannel(channel);
  const stops = [
    client.on("notification", (notification) => take(notification)),
    client.on("missed", load),
    client.on("status", (status) => {
      if (status === "live" && early !== undefined && timer === undefined && loading === 0) load();
      if (status === "closed") close();
    }),
    reports && client.status !== "closed" ? reportActivity(client) : () => {},
  ];
  if (client.status === "live") load();
  else if (client.status === "closed") close();

  return {
    get members() {
      return list;
    },
    close,
  };

  function close(): void {
    if (over.signal.aborted) return;
    over.abort();
    clearTimeout(timer);
    for (const stop of stops) stop();
    client.deleteChannel(channel);
  }

  function take({ id, channel: [name, about, ...rest], message }: Notification): void {
    if (name !== "presence" || about !== channel || rest.length > 0) return;
    const change = message as PresenceChange<Info>; // nothing else is sent there
    if (early === undefined) {
      apply(change);
      show();
    } else if (early.length < MOST_EARLY) early.push({ id, change });
    else load(); // a list of now has all of these
  }

  function load(): void {
    early = [];
    loading += 1;
    attempt(loading, client.last ?? 0, PAUSE.first);
  }

  // A list from before the reader's position would have a gap: another server may be behind.
  function attempt(number: number, from: number, pause: number): void {
    clearTimeout(timer);
    timer = undefined;
    const again = (): void => {
      timer = setTimeout(attempt, pause * (1 + Math.random() / 2), number, from, Math.min(pause * 2, PAUSE.longest));
    };
    answer().then(
      ({ last, members: lists }) => {
        if (number !== loading || over.signal.aborted) return;
        const loaded = Object.hasOwn(lists, channel) ? lists[channel] : undefined;
        if (loaded === undefined) onError?.(refusal(channel));
        else if (last < from) again();
        else begin(last, loaded);
      },
      (error: ClientError) => {
        if (number !== loading || over.signal.aborted) return;
        if (isRefusal(error)) onError?.(error);
        else again();
      },
    );
  }

  async function answer(): Promise<Answer<Info>> {
    // Each address is a new one, because a service worker may keep answers by it.
    const query = new URLSearchParams({ channels: channel, _: `${Math.random()}` });
    const asking = new AbortController();
    const end = (): void => asking.abort();
    over.signal.addEventListener("abort", end, { signal: asking.signal });
    const late = setTimeout(end, LONGEST);
    try {
      const response = await client.request(`/presence?${query}`, asking.signal);
      const found: unknown = await response.json();
      if (!isAnswer<Info>(found)) throw errorOf("http", "200: not a bus", {});
      return found;
    } finally {
      clearTimeout(late);
      end(); // nothing listens to `over` any more
    }
  }

  function begin(last: number, loaded: readonly Member<Info>[]): void {
    members = new Map(loaded.map((member) => [member.id, member]));
    for (const { id, change } of early ?? []) if (id > last) apply(change);
    early = undefined;
    show();
  }

  function apply({ joins, leaves, changes }: PresenceChange<Info>): void {
    for (const member of joins) members.set(member.id, member);
    for (const member of changes) members.set(member.id, member);
    for (const id of leaves) members.delete(id);
  }

  function show(): void {
    list = [...members.values()];
    try {
      onChange(list);
    } catch (cause) {
      if (onError === undefined) throw cause; // the default of the platform is louder than silence
      onError(errorOf("thrown", `onChange threw: ${cause}`, { cause }));
    }
  }
}

interface Answer<Info> {
  readonly last: number;
  readonly members: Readonly<Record<string, readonly Member<Info>[]>>;
}

/** Returns true unless a service worker or a proxy has answered in the place of the mount. */
function isAnswer<Info>(found: unknown): found is Answer<Info> {
  const { last, members }: Partial<Record<string, unknown>> = Object(found);
  if (typeof last !== "number" || typeof members !== "object" || members === null) return false;
  return Object.values(members).every(Array.isArray);
}

/** Returns true if the mount refuses the list for good, or if anybody refuses the person. */
function isRefusal({ status, code }: ClientError): boolean {
  return /^4(01|03)|^4(?!08|29).. (?!http)/.test(`${status} ${code}`);
}

function refusal(channel: string): ClientError {
  const message = `the list of ${JSON.stringify(channel)} is not shown: the channels hook of the mount adds ["presence", …]`;
  return errorOf("refused", message, { status: 403 });
}

// The class itself would be a second copy beside the client's.
function errorOf(
  code: string,
  message: string,
  more: { readonly cause?: unknown; readonly status?: number },
): ClientError {
  return Object.assign(new Error(message), { name: "ClientError", code, status: undefined, retryAfter: 0, ...more });
}
