import assert from "node:assert/strict";
import { nats } from "nightbus/nats";
import { describe, it } from "vitest";
import { failsWith } from "../../../src/testing/conformance/bus/topic.ts";
import { NATS_URL, natsRuns } from "../engines.ts";
import { countsUnderKills, positionsIn } from "../suite/positions.ts";
import { asking, streams } from "./streams.ts";

natsRuns(describe)("positions in NATS", () => {
  const { stream, server } = streams();

  it("count each change once, though connections are cut and the server restarts", async () => {
    const { instance, proxy: way, name } = await server();
    const { proxy, url } = await way();
    const open = () => positionsIn(nats(url, { stream: name }));
    let kills = 0;
    const kill = async (): Promise<void> => {
      kills += 1;
      if (kills === 3) {
        await instance.stop("politely");
        await instance.start();
      } else {
        proxy.drop();
        proxy.restore();
      }
    };
    await countsUnderKills({ all: [await open(), await open()], kill });
    assert.ok(kills >= 3);
  });

  it.each(["one", undefined])("resolve with the version of a change whose answer is lost: %s", async (state) => {
    const { client, name } = stream();
    const asked = asking(await client());
    const positions = await positionsIn(nats(asked.connection, { stream: name }));
    const first = (await positions.replace("a", 0, "first"))!;
    let losses = 0;
    asked.loses = (subject) => (subject.includes("+positions.") && losses++ === 0 ? "answer" : false);
    const second = (await positions.replace("a", first, state))!;
    const found = await positions.read("a");
    assert.deepEqual(found, state === undefined ? undefined : { name: "a", version: second, state });
    assert.ok(losses > 1);
    assert.equal(await positions.replace("a", first, "late"), undefined);
  });

  it("give no version again after their stream was deleted, and keep no message of a removed one", async () => {
    const { manager, name } = stream();
    const store = () => nats(NATS_URL, { stream: name });
    const [one, other] = [await positionsIn(store()), await positionsIn(store())];
    const { streams: all } = await manager();
    const gone = (await one.replace("gone", 0, "state"))!;
    await one.replace("gone", gone, undefined);
    const version = (await one.replace("a", 0, "one"))!;
    assert.equal((await all.info(`${name}+positions`)).state.messages, 1);
    await all.delete(`${name}+positions`);
    assert.ok((await other.replace("a", 0, "anew"))! > version);
    assert.equal(await one.replace("a", version, "late"), undefined);
    assert.equal((await one.read("a"))?.state, "anew");
    assert.deepEqual((await one.list()).length, 1);
  });

  it("change nothing of the log, which many processes read", async () => {
    const { bus: open, held, name } = stream();
    const bus = open();
    const id = await bus.sendone("a", 1);
    const positions = await positionsIn(nats(NATS_URL, { stream: name }));
    for (let version = 0, step = 0; step < 20; step += 1) version = (await positions.replace("a", version, `${step}`))!;
    assert.equal(await bus.sendone("a", 2), id + 1, "the epoch goes on");
    assert.deepEqual(await held(), { log: 2, marks: 0 });
  });

  it("reject a state that is larger than a message", async () => {
    const { name } = stream();
    const positions = await positionsIn(nats(NATS_URL, { stream: name }));
    await failsWith("store", () => positions.replace("a", 0, "x".repeat(2 ** 21)), "max_payload");
    assert.equal(await positions.read("a"), undefined);
  });
});
