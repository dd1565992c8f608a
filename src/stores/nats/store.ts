import type { Store } from "../../store.ts";
import { RemoteStore } from "../shared/remote-store.ts";
import { failure } from "./failures.ts";
import { type NatsLog, type NatsSettings, openNats } from "./open.ts";

/** The most that rows take beside their text, as a part of a message. */
const BESIDE = 0.1;

/**
 * Makes the store on NATS JetStream. Each commit is a message right behind the newest, or is refused, so that there is one
 * order.
 */
export function natsStore(settings: NatsSettings): Store {
  return new RemoteStore<NatsLog>({
    name: "NATS",
    maxRows: 1_000,
    // The bound is the max_payload of the server, which is 1 MiB by default.
    maxBytes: (log) =>
      log === undefined ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(log.room() * (1 - BESIDE))),
    open: (sink) => openNats(settings, sink),
    failure,
    remembersKeys: true,
    positions: "alone",
  });
}
