import type { Notification } from "../notification.ts";
import { ClientError, must } from "./errors.ts";
import { keeper, type Position } from "./positions.ts";
import type { ClientOptions, News, Status } from "./types.ts";

/** The events of a tab: those that the application hears, its end, and a change of its channels. */
export type TabEvent =
  | [event: "notification", value: Notification]
  | [event: "missed", value: { readonly last: number }]
  | [event: "status", value: Status, reason: ClientError | undefined]
  | [event: "error", value: ClientError]
  | [event: "end", value: ClientError | undefined]
  | [event: "channels", value?: undefined];

/** The state of a tab: its cursor, its channels and its listeners. */
export interface Tab {
  status: Status;
  /** The reason of the status, if it has one. */
  reason?: ClientError | undefined;
  last: number | undefined;
  /** The channels that the tab's connection reads, as far as the tab knows. */
  union: readonly string[];
  names(): readonly string[];
  /** Counts these channels once more, or once less. */
  count(channels: readonly string[], step: 1 | -1): void;
  /** Listens to events. Returns a function that ends the listening, and returns false if it has ended. */
  listen(listener: (...event: TabEvent) => void): () => boolean;
  /** Emits a status, unless it is the status of before. */
  show(status: Status, reason?: ClientError): void;
  /** Ends the tab for good, with the server's refusal or by the application's wish. */
  end(error?: ClientError): void;
  /**
   * Takes the next news from the connection to which the signal belongs. If a listener ends that connection, the rest
   * is left, and comes again on the next one. Notifications at or below the cursor were taken before.
   */
  take(news: News, signal: AbortSignal): void;
}

/** Opens a tab at this position, or at the kept positions of its channels. */
export function openTab(last: number | undefined, storage: ClientOptions["storage"], key: string): Tab {
  const kept = keeper(storage, key);
  /** The position up to which each name was read before, perhaps by another client. */
  const floors = last === undefined ? kept() : new Map<string, number>();
  let begun: boolean | undefined;
  const counts = new Map<string, number>();
  /** The names that came though nobody asked for them: the server adds them for everybody. */
  const added = new Set<string>();
  const listeners = new Set<(...event: TabEvent) => void>();

  const tab: Tab = {
    status: "connecting",
    last,
    union: [],
    names: () => [...counts.keys()],

    count(channels, step) {
      checkNames(channels);
      for (const channel of channels) {
        const count = (counts.get(channel) ?? 0) + step;
        if (count > 0) counts.set(channel, count);
        else counts.delete(channel);
      }
      // The smallest position counts. `sort` puts undefined last.
      if (!begun)
        tab.last =
          keys()
            .map((key) => floors.get(key))
            .sort((one, other) => one! - other!)[0] ?? tab.last;
      emit("channels");
    },

    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    show(status, reason) {
      if (tab.status === "closed" || (status === tab.status && reason?.message === tab.reason?.message)) return;
      tab.status = status;
      tab.reason = reason;
      emit("status", status, reason);
    },

    end(error) {
      if (tab.status === "closed") return;
      tab.show("closed", error);
      emit("end", error);
      if (error) emit("error", error);
    },

    take({ notifications, last, missed }, signal) {
      begun = true;
      if (signal.aborted) return;
      if (missed) {
        const before = tab.last ?? 0;
        floors.clear(); // they may belong to another log
        tab.last = notifications[0] ? notifications[0].id - 1 : last;
        emit("missed", { last: before });
      }
      for (const one of [...notifications, { id: last } as Notification]) {
        if (signal.aborted || !(one.id > tab.last!)) continue;
        tab.last = one.id;
        const channel = one.channel as string; // a tuple is in neither
        const own = counts.has(channel);
        const unasked = channel && !tab.union.includes(channel);
        if (unasked && channel === String(channel)) added.add(channel); // another tab may ask for the name later
        // A comparison with undefined is false.
        if (!(one.id <= floors.get(own ? channel : "*")!) && (own || unasked || added.has(channel)))
          emit("notification", one);
      }
      kept(keys().map((key): Position => [key, Math.max(floors.get(key) ?? 0, tab.last!)]));
    },
  };
  return tab;

  function keys(): string[] {
    return [...tab.names(), "*"];
  }

  function emit(...event: TabEvent): void {
    const [name] = event;
    for (const listener of [...listeners]) {
      try {
        listener(...event);
      } catch (cause) {
        if (name !== "error") emit("error", new ClientError("thrown", `${name} listener threw: ${cause}`, cause));
      }
    }
  }
}

/** Throws unless these are names of channels. */
export function checkNames(names: readonly string[]): void {
  must(
    // Half a surrogate pair has no place in an address.
    Array.isArray(names) && names.every((name) => name === String(name) && /^\P{Cs}+$/u.test(name)),
    "channels must be names",
    names,
  );
}
