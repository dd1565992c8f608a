import assert from "node:assert/strict";
import { Redis as IoRedis } from "ioredis";
import { Bus } from "nightbus";
import { type RedisClient, redis } from "nightbus/redis";
import { createClient, createCluster } from "redis";
import { beforeAll, describe, it, onTestFinished } from "vitest";
import { messagesOf } from "../../../src/testing/conformance/bus/topic.ts";
import { freePort, type Instance } from "../../support/engines/instance.ts";
import { create } from "../../support/engines/redis.ts";
import { eventually } from "../../support/eventually.ts";
import { serverRuns } from "./servers.ts";

const NODES = 3;
const SLOTS = 16_384;

serverRuns(describe)("a log on Redis Cluster", () => {
  let nodes: readonly Instance[];
  beforeAll(async () => {
    nodes = await cluster();
    return async () => {
      await Promise.all(nodes.map((node) => node.close()));
    };
  });

  it.each(["redis", "ioredis"] as const)("is on one of its nodes, and is shared by clients of %s", async (driver) => {
    const prefix = `of ${driver}`;
    const client = driver === "redis" ? await byRedis(nodes) : byIoRedis(nodes);
    const [bus, other] = [open(client, prefix), open(client, prefix)];
    await other.ready();
    const poll = other.poll(["a"], other.last, Number.POSITIVE_INFINITY);
    const ids = await bus.sendmany([
      ["a", 1],
      ["a", 2],
    ]);
    assert.deepEqual(messagesOf(await poll), [1, 2]);
    await other.sendone(["b", 7], 3);
    assert.deepEqual(messagesOf(await bus.poll([["b", 7]], ids[1], Number.POSITIVE_INFINITY)), [3]);
    const holders = await Promise.all(nodes.map((node) => keysOn(node, prefix)));
    assert.equal(holders.filter((keys) => keys > 0).length, 1);
  });
});

function open(client: RedisClient, prefix: string): Bus {
  const bus = new Bus({ store: redis(client, { prefix }) });
  onTestFinished(() => bus.close());
  return bus;
}

async function byRedis(nodes: readonly Instance[]): Promise<RedisClient> {
  const client = createCluster({ rootNodes: nodes.map((node) => ({ url: node.connection() })) });
  await client.connect();
  onTestFinished(() => client.destroy());
  return client as unknown as RedisClient; // its own types say more than is needed
}

function byIoRedis(nodes: readonly Instance[]): RedisClient {
  const client = new IoRedis.Cluster(nodes.map(({ port }) => ({ host: "127.0.0.1", port })));
  onTestFinished(() => client.disconnect());
  return client as unknown as RedisClient; // as above
}

async function keysOn(node: Instance, prefix: string): Promise<number> {
  return ((await ask(node, "KEYS", `{${prefix}}:*`)) as readonly string[]).length; // a list of names
}

/** Servers that have shared the slots among themselves. */
async function cluster(): Promise<readonly Instance[]> {
  const busPorts = await Promise.all(Array.from({ length: NODES }, freePort));
  const nodes = busPorts.map((port) => create(["--cluster-enabled", "yes", "--cluster-port", `${port}`]));
  for (const [index, node] of nodes.entries()) {
    await node.start();
    const [first, next] = [index, index + 1].map((at) => Math.floor((at * SLOTS) / NODES)) as [number, number];
    await ask(node, "CLUSTER", "ADDSLOTSRANGE", `${first}`, `${next - 1}`);
    if (index > 0) await ask(nodes[0]!, "CLUSTER", "MEET", "127.0.0.1", `${node.port}`, `${busPorts[index]}`);
  }
  for (const node of nodes) {
    const isWhole = async (): Promise<boolean> => /cluster_state:ok/.test(String(await ask(node, "CLUSTER", "INFO")));
    await eventually(() => "the nodes of a cluster know each other", isWhole, 20_000);
  }
  return nodes;
}

/** Returns the answer of a server. */
async function ask(node: Instance, ...command: readonly string[]): Promise<unknown> {
  const client = createClient({ url: node.connection() });
  await client.connect();
  try {
    return await client.sendCommand([...command]);
  } finally {
    client.destroy();
  }
}
