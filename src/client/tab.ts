import type { Notification } from "../notification.ts";
import { ClientError, must } from "./errors.ts";
import type { ClientOptions, News, Status } from "./types.ts";

/** What happens to a tab: what the application is told, its end, and that its channels are others. */
export type TabEvent =
  | [event: "notification", value: Notification]
  | [event: "missed", value: { readonly last: number }]
  | [event: "status", value: Status]
  | [event: "error", value: ClientError]
  | [event: "end", value: ClientError | undefined]
  | [event: "channels", value: undefined];

/** Where a tab stands: its cursor, its channels and who listens. */
export interface Tab {
  status: Status;
  last: number | undefined;
  /** What the connection on which it lives reads, as far as is known. */
  union: readonly string[];
  names(): readonly string[];
  /** Counts these channels once more, or once less. */
  count(channels: readonly string[], step: 1 | -1): void;
  /** Answers what ends the listening, and answers false when that has been done. */
  listen(listener: (...event: TabEvent) => void): () => boolean;
  show(status: Status): void;
  /** For good: with what the server refused, or because the application wants it. */
  end(error?: ClientError): void;
  /**
   * Takes what comes next on the way to which the signal belongs. When a listener ends that way, the rest is left; it comes
   * again on the next one. Whatever lies at or below the cursor was taken before.
   */
  take(news: News, signal: AbortSignal): void;
}

export function openTab(last: number | undefined, storage: ClientOptions["storage"], key: string): Tab {
  const stored = Number(quietly(() => storage?.getItem(key))) || undefined; // no log stands at 0
  const counts = new Map<string, number>();
  const listeners = new Set<(...event: TabEvent) => void>();

  const tab: Tab = {
    status: "connecting",
    last: last ?? stored,
    union: [],
    names: () => [...counts.keys()],

    count(channels, step) {
      checkNames(channels);
      for (const channel of channels) {
        const count = (counts.get(channel) ?? 0) + step;
        if (count > 0) counts.set(channel, count);
        else counts.delete(channel);
      }
      emit("channels", undefined);
    },

    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    show(status) {
      if (tab.status === status || tab.status === "closed") return;
      tab.status = status;
      emit("status", status);
    },

    end(error) {
      if (tab.status === "closed") return;
      tab.show("closed");
      emit("end", error);
      if (error) emit("error", error);
    },

    take({ notifications, last, missed }, signal) {
      const moves = (id: number): boolean => {
        if (signal.aborted || id <= tab.last!) return false; // nothing is below undefined
        tab.last = id;
        return true;
      };
      if (missed && !signal.aborted) {
        const before = tab.last ?? 0;
        tab.last = notifications[0] ? notifications[0].id - 1 : last;
        emit("missed", { last: before });
      }
      for (const notification of notifications) {
        const channel = notification.channel as string; // a tuple is among neither
        // What nobody asked for is what the server added for everybody.
        const wanted = counts.has(channel) || !tab.union.includes(channel);
        if (moves(notification.id) && wanted) emit("notification", notification);
      }
      moves(last);
      quietly(() => storage?.setItem(key, `${tab.last}`));
    },
  };
  return tab;

  function emit(...event: TabEvent): void {
    for (const listener of [...listeners]) {
      try {
        listener(...event);
      } catch (cause) {
        const [name] = event;
        if (name !== "error") emit("error", new ClientError("thrown", `a listener of ${name} threw: ${cause}`, cause));
      }
    }
  }
}

/** A storage that is full or forbidden is none. */
export function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** Throws unless these are names of channels. */
export function checkNames(names: readonly string[]): void {
  const right = Array.isArray(names) && names.every((name) => name && typeof name === "string");
  must(right, "channels must be names", names);
}
