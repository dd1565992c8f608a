import type * as Nightbus from "nightbus";
import type * as Nats from "nightbus/nats";
import type * as Node from "nightbus/node";
import type * as Postgres from "nightbus/postgres";
import type * as Presence from "nightbus/presence";
import type * as Redis from "nightbus/redis";
import type * as Sqlite from "nightbus/sqlite";
import type * as Testing from "nightbus/testing";
import type * as Websocket from "nightbus/websocket";

// Benches measure the built package. The types come from the source, so that benches type-check before a build.
const built = (name: string): Promise<unknown> => import(new URL(`../dist/${name}.js`, import.meta.url).href);

/** `nightbus`, as built. */
export const { Bus } = (await built("index")) as typeof Nightbus;

/** A bus of any channels. */
export type AnyBus = Nightbus.Bus;

interface Stores {
  readonly sqlite: typeof Sqlite;
  readonly postgres: typeof Postgres;
  readonly redis: typeof Redis;
  readonly nats: typeof Nats;
}

/** `nightbus/sqlite` and the others, as built. */
export const importStore = <N extends keyof Stores>(name: N): Promise<Stores[N]> => built(name) as Promise<Stores[N]>;

/** `nightbus/node`, as built. */
export const importNode = (): Promise<typeof Node> => built("node") as Promise<typeof Node>;

/** `nightbus/websocket`, as built. */
export const importWebsocket = (): Promise<typeof Websocket> => built("websocket") as Promise<typeof Websocket>;

/** `nightbus/presence`, as built. */
export const importPresence = (): Promise<typeof Presence> => built("presence") as Promise<typeof Presence>;

/** `nightbus/testing`, as built. */
export const importTesting = (): Promise<typeof Testing> => built("testing") as Promise<typeof Testing>;
