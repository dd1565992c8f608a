import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { messagesOf, until } from "../../../src/testing/conformance/bus/topic.ts";
import { natsRuns } from "../engines.ts";
import { streams, type TestStream } from "./streams.ts";

natsRuns(describe)("a stream on NATS of which an operator deletes something", () => {
  const { stream } = streams();

  /** Deletes the newest message, whose number the stream goes on from all the same. */
  async function deleteNewest({ manager, name }: TestStream): Promise<void> {
    const { streams: api } = await manager();
    const { state } = await api.info(name);
    await api.deleteMessage(name, state.last_seq, false);
  }

  it("opens though its newest message is gone, and tells missed of that", async () => {
    const place = stream();
    const before = place.bus();
    const [first, second] = [await before.sendone("a", 1), await before.sendone("a", 2)];
    await before.close();
    await deleteNewest(place);
    const bus = place.bus();
    await bus.ready();
    assert.deepEqual(messagesOf(await bus.poll(["a"], 0, 0)), [1]);
    assert.equal((await bus.poll(["a"], second, 0)).missed, true);
    assert.equal((await bus.poll(["a"], first, 0)).missed, false);
    assert.ok((await bus.sendone("a", 3)) > second);
    await bus.close();
  });

  it("opens though all that was said of trimmed rows is purged, and its last message with it", async () => {
    const place = stream();
    const before = place.bus({ retention: { count: 1 } });
    for (let message = 1; message <= 5; message += 1) await before.sendone("a", message);
    await before.close();
    assert.ok((await place.held()).marks > 0);
    const { streams: api } = await place.manager();
    const { config } = await api.info(place.name);
    const marks = config.subjects.find((subject) => subject.includes(".marks."))!;
    await api.purge(place.name, { filter: marks });
    const bus = place.bus();
    await bus.ready();
    await bus.sendone("a", 6);
    assert.deepEqual(messagesOf(await bus.poll(["a"], 0, 0)), [5, 6]);
    await bus.close();
  });

  it("goes on sending, reading and closing when that happens while it is open", async () => {
    const place = stream();
    const [sender, reader] = [place.bus(), place.bus()];
    await Promise.all([sender.ready(), reader.ready()]);
    const last = await sender.sendone("a", 1);
    await until(() => reader.last === last, "the other has heard of it");
    await deleteNewest(place);
    const next = await sender.sendone("a", 2);
    await until(() => reader.last === next, "the other goes on");
    await reader.sendone("a", 3);
    await until(() => sender.stats().rows >= 2, "and is heard");
    await Promise.all([sender.close(), reader.close()]);
  });

  it("goes on when all of it is purged", async () => {
    const place = stream();
    const bus = place.bus();
    const last = await bus.sendone("a", 1);
    const { streams: api } = await place.manager();
    await api.purge(place.name);
    const next = await bus.sendone("a", 2);
    assert.ok(next > last);
    assert.deepEqual(messagesOf(await bus.poll(["a"], 0, 0)), [2]);
    await bus.close();
    const again = place.bus();
    assert.deepEqual(messagesOf(await again.poll(["a"], 0, 0)), [2]);
    await again.close();
  });
});
