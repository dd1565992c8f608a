import assert from "node:assert/strict";
import { Redis } from "ioredis";
import { type RedisClient, redis } from "nightbus/redis";
import { describe, it } from "vitest";
import { REDIS_URL, redisRuns } from "../engines.ts";
import { countsUnderKills, positionsIn } from "../suite/positions.ts";
import { asking } from "./asked.ts";
import { prefixes } from "./prefixes.ts";

redisRuns(describe)("positions in Redis", () => {
  const prefix = prefixes();

  it("count each change once, though connections are killed", async () => {
    const { client, name } = prefix();
    const named = `nightbus-${Math.random()}`;
    const connection = (): RedisClient =>
      new Redis(REDIS_URL, { lazyConnect: true, connectionName: named }) as unknown as RedisClient;
    const killer = await client();
    const kill = async (): Promise<void> => {
      const lines = String(await killer.sendCommand(["CLIENT", "LIST"])).split("\n");
      const ids = lines.filter((line) => line.includes(named)).map((line) => /id=(\d+)/.exec(line)![1]!);
      for (const id of ids) await killer.sendCommand(["CLIENT", "KILL", "ID", id]);
    };
    const open = () => positionsIn(redis(connection(), { prefix: name }));
    await countsUnderKills({ all: [await open(), await open()], kill });
  });

  it("resolve with the version of a change whose answer is lost", async () => {
    const { ioredis, name } = prefix();
    const asked = asking(ioredis());
    const positions = await positionsIn(redis(asked.connection, { prefix: name }));
    const first = (await positions.replace("a", 0, "one"))!;
    let losses = 0;
    asked.answered = (_, answer) => {
      if (losses++ === 0 && answer !== null) throw new Error("the connection was cut");
    };
    const second = (await positions.replace("a", first, "two"))!;
    assert.ok(losses > 1 && second > first);
    assert.deepEqual(await positions.read("a"), { name: "a", version: second, state: "two" });
  });

  it("outlive the log, and refuse versions of before they were evicted", async () => {
    const { client, name, key } = prefix();
    const positions = await positionsIn(redis(REDIS_URL, { prefix: name }));
    const version = (await positions.replace("a", 0, "one"))!;
    const tampering = await client();
    await tampering.del(key("meta"));
    assert.equal((await positions.read("a"))?.version, version);
    await tampering.del(key("positions"));
    assert.equal(await positions.replace("a", version, "two"), undefined);
    assert.ok((await positions.replace("a", 0, "anew"))! > version);
  });
});
