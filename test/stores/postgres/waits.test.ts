import assert from "node:assert/strict";
import { Bus } from "nightbus";
import { postgres } from "nightbus/postgres";
import { describe, it } from "vitest";
import { failsWith, until } from "../../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { TcpProxy } from "../../system/cluster/proxy.ts";
import { DATABASE_URL, postgresRuns } from "../engines.ts";
import { schemas } from "./schemas.ts";

postgresRuns(describe)("what a bus waits for at a Postgres that does not answer", () => {
  const schema = schemas();

  it("ends when another process has stopped while it trimmed: close() says so", async () => {
    const { name, bus: open, client } = schema();
    const clock = new ManualClock();
    const bus = open({ clock, retention: { count: 1 } });
    const errors: string[] = [];
    bus.on("error", ({ message }) => errors.push(message));
    for (const step of [1, 2, 3]) await bus.sendone("a", step);
    const stopped = await client();
    await stopped.query("select pg_advisory_lock(hashtextextended($1, 0))", [`nightbus trim "${name}"`]);
    let isClosed = false;
    const closing = bus.close().then(() => {
      isClosed = true;
    });
    while (!isClosed) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      clock.advance(20);
    }
    await closing;
    assert.match(errors.join(), /could not tidy up while closing.*another process has been trimming for 5 s/);
  });

  it("is told of once, though reads go on beside a connection that cannot listen", async () => {
    const { name } = schema();
    const clock = new ManualClock();
    const store = postgres(DATABASE_URL, { schema: name, listen: "postgres://127.0.0.1:1/none" });
    await using bus = new Bus({ clock, store });
    const errors: string[] = [];
    bus.on("error", ({ message }) => errors.push(message));
    await bus.ready();
    for (let look = 1; look <= 5; look += 1) {
      const sender = new Bus({ store: postgres(DATABASE_URL, { schema: name }) });
      await sender.sendone("a", look);
      await sender.close();
      clock.advance(5_000);
      await until(() => bus.last >= look && bus.stats().rows === look, "a look reads");
      await new Promise((resolve) => setTimeout(resolve, 50)); // the listener tries again
    }
    assert.equal(errors.length, 1, errors.join("; "));
  });

  it("ends on a connection that is half open: a send, a read, and close(), with rows left to trim", async () => {
    const { name } = schema();
    const url = new URL(DATABASE_URL);
    const port = Number(url.port || 5432);
    const proxy = await TcpProxy.open(() => port);
    url.host = `127.0.0.1:${proxy.port}`;
    try {
      const bus = new Bus({ store: postgres(url.href, { schema: name }), retention: { count: 1 } });
      const errors: string[] = [];
      bus.on("error", ({ message }) => errors.push(message));
      for (const step of [1, 2, 3]) await bus.sendone("a", step);
      proxy.halfOpen();
      const started = performance.now();
      const asked = [
        failsWith("store", () => bus.sendone("a", 4), "Postgres could not commit", "did not come within 5 s"),
        failsWith("store", () => bus.poll(["a"], bus.last + 10, 0), "could not read what was committed"),
      ];
      const [send] = await Promise.all(asked);
      assert.equal(send!.refused, false);
      await bus.close();
      const took = performance.now() - started;
      assert.ok(took < 25_000, `it took ${took} ms`);
      assert.match(errors.join(), /could not tidy up while closing/);
    } finally {
      await proxy.close();
    }
  });
});
