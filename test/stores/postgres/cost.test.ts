import assert from "node:assert/strict";
import pg from "pg";
import { describe, it } from "vitest";
import { messagesOf, turns, until } from "../../../src/testing/conformance/topic.ts";
import { ManualClock } from "../../../src/testing/manual-clock.ts";
import { postgresRuns } from "../engines.ts";
import { schemas } from "./schemas.ts";

const FOREVER = Number.POSITIVE_INFINITY;

/** A class of clients that count what they are asked, all together. */
function counting(): { readonly Client: typeof pg.Client; count: number } {
  const counter = { count: 0, Client: class extends pg.Client {} as typeof pg.Client };
  const { query } = pg.Client.prototype;
  counter.Client.prototype.query = function (this: pg.Client, ...asked: never[]) {
    counter.count += 1;
    return query.apply(this, asked as never);
  } as typeof query;
  return counter;
}

postgresRuns(describe)("what a bus costs Postgres", () => {
  const schema = schemas();

  it("is one statement for each send, and one for each process that reads it, however many polls are parked", async () => {
    const { bus: open, pool } = schema();
    const [sending, reading] = [counting(), counting()];
    const [sender, reader] = [open({}, pool(sending.Client)), open({}, pool(reading.Client))];
    await Promise.all([sender.ready(), reader.ready()]);
    await sender.sendone("a", "begins the run");
    await reader.poll(["a"], reader.last, FOREVER);
    for (const parked of [1, 1_000]) {
      const { last } = sender;
      const polls = Array.from({ length: parked }, () => reader.poll(["a"], last, FOREVER));
      await until(() => reader.waiting === parked, "they are parked");
      sending.count = 0;
      reading.count = 0;
      await sender.sendone("a", parked);
      for (const batch of await Promise.all(polls)) assert.deepEqual(messagesOf(batch), [parked]);
      assert.deepEqual([sending.count, reading.count], [1, 1], `${parked} parked polls`);
    }
  });

  it("is one read each five seconds when nothing happens", async () => {
    const { bus: open, pool } = schema();
    const [clock, idle] = [new ManualClock(), counting()];
    const bus = open({ clock }, pool(idle.Client));
    await bus.ready();
    const polls = Array.from({ length: 100 }, (_, index) => bus.poll([`a${index}`], bus.last, FOREVER));
    await until(() => idle.count >= 5 && bus.waiting === 100, "it has settled");
    await new Promise((resolve) => setTimeout(resolve, 100)); // nothing is to come: there is no condition to wait for
    idle.count = 0;
    clock.advance(4_990);
    await turns(5);
    assert.equal(idle.count, 0);
    for (let beat = 1; beat <= 3; beat += 1) {
      clock.advance(5_000);
      await until(() => idle.count === beat, "it looks");
    }
    await bus.close();
    await Promise.all(polls);
  });

  it("sees within five seconds what no notification told, and says that they do not come through", async () => {
    const { bus: open, pool } = schema();
    class Deaf extends pg.Client {
      override on(event: never, listener: never): this {
        return event === ("notification" as never) ? this : super.on(event, listener);
      }
    }
    const clock = new ManualClock();
    const [sender, deaf] = [open(), open({ clock }, pool(Deaf))];
    const errors: string[] = [];
    deaf.on("error", ({ message }) => errors.push(message));
    await Promise.all([sender.ready(), deaf.ready()]);
    for (let beat = 1; beat <= 4; beat += 1) {
      const poll = deaf.poll(["a"], deaf.last, FOREVER);
      await sender.sendone("a", beat);
      clock.advance(5_000);
      assert.deepEqual(messagesOf(await poll), [beat]);
    }
    await until(() => errors.length === 1, "it says so, once");
    assert.match(errors[0]!, /notifications do not come through.*transaction pooler.*listen/);
  });

  it("lets twenty processes start at once", async () => {
    const { bus: open } = schema();
    const buses = Array.from({ length: 20 }, () => open());
    await Promise.all(buses.map((bus) => bus.ready()));
    assert.equal(new Set(buses.map(({ last }) => last)).size, 1, "all stand at the same beginning");
    await Promise.all(buses.map((bus, index) => bus.sendone("a", index)));
    const { last } = buses[0]!;
    const batches = await Promise.all(buses.map((bus) => bus.poll(["a"], 0, 0).then(() => bus.poll(["a"], 0, 0))));
    assert.ok(batches.some((batch) => batch.length === 20) && last > 0);
  });
});
