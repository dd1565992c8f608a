import type { Notification } from "../notification.ts";
import { ClientError } from "./errors.ts";
import type { Tab } from "./tab.ts";
import type { SubscribeOptions } from "./types.ts";

/** The notifications on these channels as an async iterator. They are added, and deleted when it ends. */
export function subscription(
  tab: Tab,
  channels: readonly string[],
  { signal, onMissed }: SubscribeOptions = {},
): AsyncIterableIterator<Notification> {
  const MOST_BUFFERED = 10_000;
  tab.count(channels, 1);
  let sink!: ReadableStreamDefaultController<Notification>; // set before the constructor returns
  const start = (controller: typeof sink): void => {
    sink = controller;
  };
  const reader = new ReadableStream({ start }, { highWaterMark: MOST_BUFFERED }).getReader();
  const off = tab.listen((event, value) => {
    if (event === "notification" && channels.includes(value.channel as string)) {
      // a tuple is none of them
      if (sink.desiredSize! > 0) sink.enqueue(value);
      else end(new ClientError("overflow", `${MOST_BUFFERED} wait: take them faster`));
    }
    if (event === "missed") {
      if (onMissed) onMissed(value.last);
      else end(new ClientError("missed", "missed: give onMissed"));
    }
    if (event === "end") end(value);
  });
  signal?.addEventListener("abort", end);
  if (signal?.aborted || tab.status === "closed") end();

  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () => reader.read() as Promise<IteratorResult<Notification, undefined>>, // it leaves the value out
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
    if (reason instanceof ClientError) sink.error(reason);
    else reader.cancel();
  }
}
