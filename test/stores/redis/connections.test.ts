import assert from "node:assert/strict";
import { Redis } from "ioredis";
import type { Bus } from "nightbus";
import { type RedisClient, redis } from "nightbus/redis";
import { createClient, RESP_TYPES } from "redis";
import { describe, it } from "vitest";
import { failsWith, messagesOf, until } from "../../../src/testing/conformance/bus/topic.ts";
import { REDIS_URL, redisRuns } from "../engines.ts";
import { testConnections } from "../suite/connections.ts";
import { prefixes } from "./prefixes.ts";

const FOREVER = Number.POSITIVE_INFINITY;

describe("what redis() takes", () => {
  it("is a URL, a config or a client, and nothing else", async () => {
    for (const wrong of [undefined, null, "", 5, () => {}]) {
      await failsWith(
        "bad_option",
        () => redis(wrong as unknown as string),
        "a URL, a config of redis, or a client of redis or ioredis",
      );
    }
  });

  it("is a prefix that can stand in braces", async () => {
    for (const prefix of ["", "a{b", "a}b", "a\0b", "a\ud800b", 5]) {
      await failsWith("bad_option", () => redis("redis:", { prefix: prefix as string }), "prefix must be a text");
    }
    await failsWith("bad_option", () => redis("redis:", { prefx: "x" } as object), 'no option "prefx"', "prefix");
  });
});

redisRuns(describe)("a bus on the application's Redis", () => {
  const prefix = prefixes();

  testConnections({
    door: "redis",
    place() {
      const { name } = prefix();
      const byIoredis = `const { Redis } = await import("ioredis"); const client = new Redis("${REDIS_URL}", { lazyConnect: true });`;
      return {
        store: () => redis(REDIS_URL, { prefix: name }),
        programs: [
          { store: `redis(${JSON.stringify(REDIS_URL)}, { prefix: "${name}" })` },
          { first: byIoredis, store: `redis(client, { prefix: "${name}" })` },
        ],
      };
    },
  });

  it("duplicates its client of redis, whatever that was told of its answers, and does not end it", async () => {
    const { bus: open, name } = prefix();
    const client = createClient({
      url: REDIS_URL,
      RESP: 3,
      commandOptions: { timeout: 50, typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer, [RESP_TYPES.NUMBER]: String } },
      socket: { socketTimeout: 300 },
      pingInterval: 100,
    });
    client.on("error", () => {});
    await client.connect();
    try {
      await serves(open, client);
      await until(() => client.isReady, "it is connected, or connects again by itself"); // the client may have timed out, as its options say
      assert.equal(String(await client.exists(`{${name}}:meta`)), "1");
    } finally {
      client.destroy();
    }
  });

  it("duplicates its client of ioredis, whatever that was told of its answers, and does not end it", async () => {
    const { bus: open, ioredis, name } = prefix();
    const options = {
      keyPrefix: "theirs:",
      stringNumbers: true,
      replyMapping: "resp3",
      commandTimeout: 50,
      socketTimeout: 300,
      blockingTimeout: 50,
      enableAutoPipelining: true,
    } as const;
    const client = new Redis(REDIS_URL, options);
    ioredis(client as unknown as Redis);
    await serves(open, client);
    assert.equal(client.status, "ready");
    assert.equal(await ioredis().exists(`{${name}}:meta`), 1);
    assert.equal(await client.exists("x"), "0" as unknown as number);
  });

  it("takes a config of redis, and clients that are not connected", async () => {
    const { bus: open, ioredis, name } = prefix();
    const connections = [
      { url: REDIS_URL },
      createClient({ url: REDIS_URL }),
      ioredis(new Redis(REDIS_URL, { lazyConnect: true })),
    ];
    for (const connection of connections) {
      const bus = open({}, connection as unknown as RedisClient);
      const id = await bus.sendone("a", 1);
      assert.deepEqual(messagesOf(await bus.poll(["a"], id - 1, 0)), [1], name);
      await bus.close();
    }
  });

  it("refuses to send within a transaction, since Redis has none of the kind", async () => {
    const bus = prefix().bus();
    await failsWith("bad_transaction", () => bus.sendwithin({}, [["a", 1]]), "nightbus/postgres");
  });
});

/** Holds that a bus by this client is heard by another one and hears it, also after a wait that is longer than its time-outs. */
async function serves(open: (options?: object, connection?: RedisClient) => Bus, client: unknown): Promise<void> {
  const [ours, other] = [open({}, client as RedisClient), open()];
  const errors: Error[] = [];
  ours.on("error", (error) => errors.push(error));
  await Promise.all([ours.ready(), other.ready()]);
  const heard: unknown[] = [];
  ours.on("notification", ({ message }) => heard.push(message));
  await ours.sendmany([
    ["a", 1],
    ["a", 2],
  ]);
  const poll = ours.poll(["a"], ours.last, FOREVER);
  await new Promise((resolve) => setTimeout(resolve, 500)); // longer than any time-out that the client was given
  await other.sendone("a", 3);
  assert.deepEqual(messagesOf(await poll), [3]);
  await until(() => heard.length === 3, "all is heard");
  assert.deepEqual([heard, errors], [[1, 2, 3], []]);
  await ours.close();
}
