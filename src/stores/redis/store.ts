import type { Store } from "../../store.ts";
import { RemoteStore } from "../shared/remote-store.ts";
import { failure } from "./failures.ts";
import { openRedis, type RedisSettings } from "./open.ts";

/** Redis takes 512 MB in one argument by default, and keeps the arguments of a script in memory several times. */
const MOST_BYTES = 2 ** 26;

/** Makes the store on Redis. One script gives the ids and adds the sends to a stream, in one step of the server. */
export function redisStore(settings: RedisSettings): Store {
  return new RemoteStore({
    name: "Redis",
    maxRows: 1_000,
    maxBytes: () => MOST_BYTES,
    open: (sink) => openRedis(settings, sink),
    failure,
    remembersKeys: true,
    positions: "alone",
  });
}
