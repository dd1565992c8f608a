import { type AnyChannels, type ChannelOf, keyOf, type Notification } from "../../notification.ts";

/** What was sent, in order: an array, and (not enumerable) ways to look into it. It serialises and compares as the array. */
export type Sent<C extends object = AnyChannels, K = ChannelOf<C>> = readonly Notification<C, K>[] & {
  /** What was sent on this channel: `"orders"` is the string alone, and `["orders", 7]` the tuple alone. */
  on<const N extends ChannelOf<C>>(channel: N): Sent<C, N>;
  readonly last: Notification<C, K> | undefined;
  readonly count: number;
};

/** The notifications as they were sent. */
export function sentOf<C extends object>(notifications: readonly Notification[]): Sent<C> {
  const list = [...notifications];
  Object.defineProperties(list, {
    on: { value: (channel: unknown) => sentOf(notificationsOn(list, channel)) },
    last: { value: list.at(-1) },
    count: { value: list.length },
  });
  return list as unknown as Sent<C>; // what was sent on a bus of these channels, with what was just defined
}

/** Those of one channel. Throws `bad_channel`. */
export function notificationsOn(all: readonly Notification[], channel: unknown): readonly Notification[] {
  const key = keyOf(channel);
  return all.filter((each) => keyOf(each.channel) === key);
}
