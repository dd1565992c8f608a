import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { Redis } from "ioredis";
import type { BusOptions } from "nightbus";
import pg from "pg";
import { addressOf } from "../../test/engines/addresses.ts";
import { type AnyBus, Bus, importStore } from "../built.ts";

/** A log of this run's own, which several processes can open by its name. */
export interface OwnLog {
  readonly name: string;
  remove(): Promise<void> | void;
}

interface Engine {
  create(): OwnLog;
  open(name: string, options?: Pick<BusOptions, "retention">): Promise<AnyBus>;
}

/** The engines that processes can share. */
export const LOGS = {
  sqlite: {
    create() {
      const folder = mkdtempSync(join(tmpdir(), "nightbus-bench-"));
      return { name: join(folder, "bus.db"), remove: () => rmSync(folder, { recursive: true }) };
    },
    open: async (name, options = {}) => new Bus({ ...options, store: (await importStore("sqlite")).sqlite(name) }),
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
    open: async (name, options = {}) =>
      new Bus({ ...options, store: (await importStore("postgres")).postgres(addressOf("postgres"), { schema: name }) }),
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
    open: async (name, options = {}) =>
      new Bus({ ...options, store: (await importStore("redis")).redis(addressOf("redis"), { prefix: name }) }),
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
    open: async (name, options = {}) =>
      new Bus({ ...options, store: (await importStore("nats")).nats(addressOf("nats"), { stream: name }) }),
  },
} as const satisfies Readonly<Record<string, Engine>>;

/** The name of an engine that processes can share. */
export type LogEngine = keyof typeof LOGS;

/** The name of a log of this run's own. */
export function nameOfOwn(): string {
  return `nightbus-bench-${randomBytes(6).toString("hex")}`;
}
