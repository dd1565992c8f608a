import type { Notification } from "../notification.ts";
import { ClientError } from "./errors.ts";
import type { Tab } from "./tab.ts";
import type { SubscribeOptions } from "./types.ts";

/** Iterates over the notifications of these channels. The channels are added at the beginning, and deleted at the end. */
export function subscription(
  tab: Tab,
  channels: readonly string[],
  {
    signal: outer,
    onMissed = () => {
      throw new ClientError("missed", "no onMissed");
    },
  }: SubscribeOptions = {},
): AsyncIterableIterator<Notification> {
  const MOST_BUFFERED = 10_000;
  const queue: (Notification | Gap)[] = [];
  let wake: (() => void) | undefined;
  /** True at a normal end, or the failure. */
  let over: unknown;
  tab.count(channels, 1);
  // Node warns of a leak at the eleventh listener of one signal, and none of these signals has two.
  const signal = outer && (AbortSignal.any?.([outer]) ?? outer);
  const off = tab.listen((...[event, value]) => {
    // A loss has its place among the notifications. A tuple is none of the channels.
    if (event === "missed" || (event === "notification" && channels.includes(value.channel as string))) {
      if (queue.push(value) > MOST_BUFFERED) end(new ClientError("overflow", `${MOST_BUFFERED} wait`));
      wake?.();
    } else if (event === "end") end(value);
  });
  signal?.addEventListener("abort", end);
  if (tab.status === "closed" || signal?.aborted) end();

  // The `return` of a generator would wait for its pending `next`.
  return Object.assign(taken(), {
    return: async (value: undefined): Promise<IteratorResult<Notification, undefined>> => {
      end();
      return { done: true, value };
    },
  });

  async function* taken(): AsyncGenerator<Notification, undefined> {
    try {
      for (;;) {
        const value = queue.shift();
        if (over instanceof Error) throw over;
        if (over) return;
        if (!value)
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        else if ("id" in value) yield value;
        else onMissed(value.last);
      }
    } finally {
      end();
    }
  }

  /** Ends the loop and drops the buffered notifications. */
  function end(reason?: unknown): void {
    if (!off()) return;
    signal?.removeEventListener("abort", end);
    tab.count(channels, -1);
    over = reason ?? true;
    wake?.();
  }
}

interface Gap {
  readonly last: number;
}
