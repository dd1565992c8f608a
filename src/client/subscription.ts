import type { Notification } from "../notification.ts";
import { ClientError } from "./errors.ts";
import type { Tab } from "./tab.ts";
import type { SubscribeOptions } from "./types.ts";

/** The notifications on these channels as an async iterator. They are added, and deleted when it ends. */
export function subscription(
  tab: Tab,
  channels: readonly string[],
  { signal, onMissed = throwMissed }: SubscribeOptions = {},
): AsyncIterableIterator<Notification> {
  const MOST_BUFFERED = 10_000;
  tab.count(channels, 1);
  let sink!: ReadableStreamDefaultController<Notification | Hole>; // set before the constructor returns
  const start = (controller: typeof sink): void => {
    sink = controller;
  };
  const reader = new ReadableStream({ start }).getReader(); // its desired size is 1 when it holds nothing
  const off = tab.listen((event, value) => {
    // A hole has its place among the notifications. A tuple is none of the channels.
    if (event === "missed" || (event === "notification" && channels.includes(value.channel as string))) {
      if (sink.desiredSize! > 1 - MOST_BUFFERED) sink.enqueue(value);
      else end(new ClientError("overflow", `${MOST_BUFFERED} wait: take them faster`));
    }
    if (event === "end") end(value);
  });
  signal?.addEventListener("abort", end);
  if (signal?.aborted || tab.status === "closed") end();

  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      for (;;) {
        const result = await reader.read();
        const { value } = result;
        if (!value || "id" in value) return result as IteratorResult<Notification, undefined>; // it leaves the value out
        try {
          onMissed(value.last);
        } catch (thrown) {
          end(thrown);
        }
      }
    },
    async return() {
      end();
      return { done: true, value: undefined };
    },
  };

  /** By a failure, or by whatever else. What is buffered is given up, too. */
  function end(reason?: unknown): void {
    if (!off()) return;
    signal?.removeEventListener("abort", end);
    tab.count(channels, -1);
    if (reason instanceof Error) sink.error(reason);
    else reader.cancel();
  }
}

interface Hole {
  readonly last: number;
}

function throwMissed(): never {
  throw new ClientError("missed", "missed: give onMissed");
}
