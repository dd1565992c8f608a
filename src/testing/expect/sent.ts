import { type AnyChannels, type ChannelOf, keyOf, type Notification } from "../../notification.ts";

/** The sent entries, in order: an array with lookups that are not enumerable. The array serialises and compares as usual. */
export type Sent<C extends object = AnyChannels, K = ChannelOf<C>> = readonly Notification<C, K>[] & {
  /**
   * Returns the entries that were sent on this channel. `"orders"` is the string alone, and `["orders", 7]` the tuple
   * alone.
   */
  on<const N extends ChannelOf<C>>(channel: N): Sent<C, N>;
  /** The last entry; undefined without entries. */
  readonly last: Notification<C, K> | undefined;
  /** The number of entries. */
  readonly count: number;
};

/** Returns the notifications as an array with lookups. */
export function sentOf<C extends object>(notifications: readonly Notification[]): Sent<C> {
  const list = [...notifications];
  Object.defineProperties(list, {
    on: { value: (channel: unknown) => sentOf(notificationsOn(list, channel)) },
    last: { value: list.at(-1) },
    count: { value: list.length },
  });
  return list as unknown as Sent<C>; // the bus has these channels, and the lookups were just defined
}

/** Returns the entries on one channel. Throws `bad_channel`. */
export function notificationsOn(all: readonly Notification[], channel: unknown): readonly Notification[] {
  const key = keyOf(channel);
  return all.filter((each) => keyOf(each.channel) === key);
}
