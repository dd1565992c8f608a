import assert from "node:assert/strict";
import { Bus } from "nightbus";
import { redis } from "nightbus/redis";
import { describe, it, onTestFinished } from "vitest";
import { failsWith, messagesOf, until } from "../../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { passing } from "../passing.ts";
import { type Server, serverRuns, startServer } from "./servers.ts";

/** A bus whose clock goes some fifty times faster, with what it reports. */
function open({ url }: Server): { readonly bus: Bus; readonly clock: ManualClock; readonly errors: string[] } {
  const clock = new ManualClock();
  const bus = new Bus({ clock, retention: { count: 1 }, store: redis(url) });
  const errors: string[] = [];
  bus.on("error", ({ message }) => errors.push(message));
  onTestFinished(() => passing(clock, bus.close()));
  return { bus, clock, errors };
}

serverRuns(describe)("what a bus waits for at a Redis that does not answer", () => {
  it("ends while its clients are paused: a send, a read that has to look, and close()", async () => {
    const server = await startServer();
    const { bus, clock, errors } = open(server);
    for (const step of [1, 2, 3]) await bus.sendone("a", step);
    const operator = await server.client();
    await operator.sendCommand(["CLIENT", "PAUSE", "60000", "ALL"]);
    const start = clock.monotonic();
    const sending = bus.sendone("a", 4);
    const error = await failsWith("store", () => passing(clock, sending), "an answer did not come within 5 s");
    assert.equal(error.refused, false);
    const reading = bus.poll(["a"], bus.last + 10, 0); // beyond: it asks the engine
    await failsWith("store", () => passing(clock, reading), "did not come within 5 s");
    await passing(clock, bus.close());
    assert.ok(clock.monotonic() - start < 30_000, `it took ${clock.monotonic() - start} ms`);
    assert.match(errors.join(), /could not tidy up while closing/);
  });

  it("ends when it is stopped while it opens, and holds nothing open then", async () => {
    const server = await startServer();
    const operator = await server.client();
    await operator.sendCommand(["CLIENT", "PAUSE", "60000", "ALL"]);
    const { bus, clock } = open(server);
    await failsWith("store", () => passing(clock, bus.ready()), "Redis could not be opened", "did not come within 5 s");
    await until(() => server.proxy.connections === 0, "its connections are gone");
  });

  it("is done by another try when the server is not ready: it was made a replica, and is one that writes again", async () => {
    const server = await startServer();
    const { bus, clock } = open(server);
    await bus.sendone("a", 1);
    const operator = await server.client();
    await operator.sendCommand(["REPLICAOF", "127.0.0.1", "1"]);
    const refused = bus.sendone("a", 2);
    const error = await failsWith("store", () => passing(clock, refused), "tried for 5 s");
    assert.deepEqual([error.refused, error.unavailable], [true, true]);
    await operator.sendCommand(["REPLICAOF", "NO", "ONE"]);
    const id = await passing(clock, bus.sendone("a", 3));
    assert.deepEqual([messagesOf(await bus.poll(["a"], id - 1, 0)), bus.last], [[3], id]);
  });
});
