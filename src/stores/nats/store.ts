import type { Store } from "../../store.ts";
import { RemoteStore } from "../shared/remote-store.ts";
import { failure } from "./failures.ts";
import { type NatsLog, type NatsSettings, openNats } from "./open.ts";

/** The part of a message that its rows take beside their text, at most. */
const BESIDE = 0.1;

/** Makes the store on NATS JetStream. Each commit is a message right after the newest, or is refused: so there is one order. */
export function natsStore(settings: NatsSettings): Store {
  return new RemoteStore<NatsLog>({
    name: "NATS",
    maxRows: 1_000,
    // One message of the server: its max_payload, which is 1 MiB by default.
    maxBytes: (log) =>
      log === undefined ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(log.room() * (1 - BESIDE))),
    open: (sink) => openNats(settings, sink),
    failure,
  });
}
