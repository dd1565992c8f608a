import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { Redis } from "ioredis";
import type { BusOptions, Store } from "nightbus";
import pg from "pg";
import { addressOf } from "../../test/support/engines/addresses.ts";
import { type AnyBus, Bus, importStore } from "../built.ts";

/** A log of this run's own, which several processes can open by its name. */
export interface OwnLog {
  readonly name: string;
  remove(): Promise<void> | void;
}

interface Engine {
  create(): OwnLog;
  /** The store of a log. */
  store(name: string): Promise<Store>;
}

/** The engines that processes can share. */
export const LOGS = {
  sqlite: {
    create() {
      const folder = mkdtempSync(join(tmpdir(), "nightbus-bench-"));
      return { name: join(folder, "bus.db"), remove: () => rmSync(folder, { recursive: true }) };
    },
    store: async (name) => (await importStore("sqlite")).sqlite(name),
  },
  postgres: {
    create() {
      const name = nameOfOwn();
      return {
        name,
        async remove() {
          const client = new pg.Client(addressOf("postgres"));
          await client.connect();
          await client.query(`drop schema if exists "${name}" cascade`);
          await client.end();
        },
      };
    },
    store: async (name) => (await importStore("postgres")).postgres(addressOf("postgres"), { schema: name }),
  },
  redis: {
    create() {
      const name = nameOfOwn();
      return {
        name,
        async remove() {
          const client = new Redis(addressOf("redis"));
          await client.del(await client.keys(`{${name}}:*`));
          client.disconnect();
        },
      };
    },
    store: async (name) => (await importStore("redis")).redis(addressOf("redis"), { prefix: name }),
  },
  nats: {
    create() {
      const name = nameOfOwn();
      return {
        name,
        async remove() {
          const connection = await connect({ servers: addressOf("nats") });
          await (await jetstreamManager(connection)).streams.delete(name);
          await connection.close();
        },
      };
    },
    store: async (name) => (await importStore("nats")).nats(addressOf("nats"), { stream: name }),
  },
} as const satisfies Readonly<Record<string, Engine>>;

/** The name of an engine that processes can share. */
export type LogEngine = keyof typeof LOGS;

/** A bus on a log. */
export async function openLog(
  engine: LogEngine,
  name: string,
  options: Pick<BusOptions, "retention"> = {},
): Promise<AnyBus> {
  return new Bus({ ...options, store: await LOGS[engine].store(name) });
}

/** The name of a log of this run's own. */
export function nameOfOwn(): string {
  return `nightbus-bench-${randomBytes(6).toString("hex")}`;
}
