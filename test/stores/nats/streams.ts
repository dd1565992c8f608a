import { randomBytes } from "node:crypto";
import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import { connect, errors, type NatsConnection } from "@nats-io/transport-node";
import { Bus, type BusOptions } from "nightbus";
import { nats } from "nightbus/nats";
import { afterEach } from "vitest";
import type { Instance } from "../../support/engines/instance.ts";
import * as engine from "../../support/engines/nats.ts";
import { TcpProxy } from "../../system/cluster/proxy.ts";
import { NATS_URL } from "../engines.ts";

/** A stream that goes after the test, with what a test does in it. */
export interface TestStream {
  readonly name: string;
  /** A bus on it, which the test's end closes. */
  bus(options?: BusOptions, connection?: string | NatsConnection): Bus;
  /** Makes the stream, for buses whose clock stands still: a new one is waited for by the clock until it has settled. */
  settle(): Promise<void>;
  /** A connection of the test's own, which its end closes. */
  client(): Promise<NatsConnection>;
  manager(): Promise<JetStreamManager>;
  /** The numbers of messages of the log, and of messages that say which rows are gone. */
  held(): Promise<{ readonly log: number; readonly marks: number }>;
}

/** A server of the test's own, and a way to it that stays when it is started again. */
export interface TestServer extends TestStream {
  readonly instance: Instance;
  readonly url: string;
  /** Another way to it, which can be disturbed. */
  proxy(): Promise<{ readonly proxy: TcpProxy; readonly url: string }>;
}

/** Makes streams and servers, each for one test. */
export function streams(): {
  readonly stream: (url?: string) => TestStream;
  readonly server: () => Promise<TestServer>;
} {
  const ends: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  const stream = (url = NATS_URL): TestStream => {
    const name = `nightbus-test-${randomBytes(6).toString("hex")}`;
    const client = async (): Promise<NatsConnection> => {
      const connection = await connect({ servers: url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
      ends.push(() => connection.close());
      return connection;
    };
    const manager = async (): Promise<JetStreamManager> => jetstreamManager(await client());
    ends.push(async () => {
      const { streams } = await manager();
      for (const each of [name, `${name}+positions`]) await streams.delete(each).catch(() => {}); // a test may not have come to it
    });
    return {
      name,
      client,
      manager,
      async held() {
        const { state } = await (await manager()).streams.info(name, { subjects_filter: `${name}.>` });
        const held = { log: 0, marks: 0 };
        for (const [subject, count] of Object.entries(state.subjects ?? {})) {
          held[subject.startsWith(`${name}.log.`) ? "log" : "marks"] += count;
        }
        return held;
      },
      async settle() {
        const bus = new Bus({ store: nats(url, { stream: name }) });
        await bus.ready();
        await bus.close();
      },
      bus(options = {}, connection = url) {
        const bus = new Bus({ ...options, store: nats(connection, { stream: name }) });
        ends.push(() => bus.close().catch(() => {})); // a test may have ended the server
        return bus;
      },
    };
  };

  const server = async (): Promise<TestServer> => {
    const instance = engine.create();
    ends.push(() => instance.close());
    await instance.start();
    const proxy = async (): Promise<{ proxy: TcpProxy; url: string }> => {
      const way = await TcpProxy.open(() => instance.port);
      ends.push(() => way.close());
      return { proxy: way, url: instance.connection(way.port) };
    };
    const { url } = await proxy();
    return { ...stream(url), instance, url, proxy };
  };
  return { stream, server };
}

/** The requests over an application's connection. */
export interface Asked {
  readonly connection: NatsConnection;
  count: number;
  /** Called with each request before it is made; true loses the request, and "answer" its answer. */
  loses: (subject: string, header: string) => boolean | "answer";
}

/** A connection that counts what it is asked, and loses what the test says. */
export function asking(native: NatsConnection): Asked {
  const connection = Object.create(native) as NatsConnection;
  const asked: Asked = { connection, count: 0, loses: () => false };
  connection.request = async (subject, data, options) => {
    asked.count += 1;
    const loss = asked.loses(subject, options?.headers?.get("Nightbus") ?? "");
    if (loss === true) throw new errors.TimeoutError();
    const answer = await native.request(subject, data, options);
    if (loss === "answer") throw new errors.TimeoutError();
    return answer;
  };
  return asked;
}
