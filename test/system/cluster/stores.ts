import type { Store } from "../../../src/store.ts";

/** The stores that are proven in a cluster: each opened on the one log that all nodes share. Nodes import only the one they use. */
export const STORES = {
  sqlite: async (path: string) => (await import("../../../src/stores/sqlite.ts")).sqlite(path),
  postgres: async (url: string) => (await import("../../../src/stores/postgres.ts")).postgres(url),
  redis: async (url: string) => (await import("../../../src/stores/redis.ts")).redis(url),
  nats: async (url: string) => (await import("../../../src/stores/nats.ts")).nats(url),
} as const satisfies Readonly<Record<string, (connection: string) => Promise<Store>>>;

export type StoreName = keyof typeof STORES;
