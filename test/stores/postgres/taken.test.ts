import assert from "node:assert/strict";
import { Bus } from "nightbus";
import { postgres } from "nightbus/postgres";
import { describe, it, onTestFinished } from "vitest";
import { failsWith, messagesOf, until } from "../../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { DATABASE_URL, postgresRuns } from "../engines.ts";
import { newDatabase } from "./databases.ts";
import { schemas } from "./schemas.ts";

postgresRuns(describe)("rows of Postgres that somebody took away", () => {
  const schema = schemas();

  for (const [what, statement, left] of [
    ["all of them", "truncate nightbus_rows", []],
    ["one of them", "delete from nightbus_rows where json = '1'", [0, 2]],
    ["those of a channel", "delete from nightbus_rows where key = '\"b\"'", [0, 1, 2]],
    ["rows and watermarks", "truncate nightbus_rows, nightbus_watermarks", []],
    ["the watermarks of what was trimmed", "truncate nightbus_watermarks", [0, 1, 2]],
  ] as const) {
    it(`are missed by cursors from before them when the log is opened: ${what}`, async () => {
      const { name, bus: open, client } = schema();
      const retention = { of: (channel: unknown) => (channel === "short" ? { count: 1 } : {}) };
      const bus = open({ retention });
      const begin = await bus.sendone("short", "trimmed");
      await bus.sendone("b", "b");
      for (const step of [0, 1, 2]) await bus.sendone("a", step);
      await bus.sendone("short", "kept"); // trimmed last: its watermark does not tell of the others
      const last = await bus.sendone("short", "newest");
      await bus.close();
      const operator = await client();
      await operator.query(`set search_path to "${name}"`);
      await operator.query(statement);
      for (const round of ["first", "second"]) {
        const again = open({ retention });
        const batch = await again.poll(["a", "b", "short"], begin, 0);
        assert.equal(batch.missed, true, `the ${round} to open`);
        assert.deepEqual(messagesOf(await again.poll(["a"], 0, 0)), left);
        assert.equal((await again.poll(["a", "b", "short"], last, 0)).missed, false, "the newest cursor is good");
        await again.close();
      }
      const [later, other] = [open({ retention }), open({ retention })];
      const id = await later.sendone("a", "later");
      const batch = await other.poll(["a"], last, 5_000);
      assert.deepEqual([messagesOf(batch), batch.missed, later.last], [["later"], false, id]);
    });
  }

  it("are missed by a process that had not read them yet", async () => {
    const { name, bus: open, client } = schema();
    const clock = new ManualClock();
    const [bus, lagging] = [open(), open({ clock })];
    await Promise.all([bus.ready(), lagging.ready()]);
    const seen = await bus.sendone("a", "seen");
    await until(() => lagging.last === seen, "it has caught up");
    // Five rows were sent, and taken away again.
    await (await client()).query(`update "${name}".nightbus_meta set last = last + 5`);
    await lagging.poll(["a"], seen + 5, 0); // beyond what it has: it catches up
    assert.equal((await lagging.poll(["a"], seen, 0)).missed, true);
  });

  it("are none where all is there, though much was trimmed, by many processes, and read meanwhile", async () => {
    const { bus: open } = schema();
    const retention = { count: 3 };
    const buses = [open({ retention }), open({ retention }), open({ retention })];
    const start = await buses[0]!.sendone("start", 0);
    for (let step = 0; step < 120; step += 1) {
      await buses[step % 3]!.sendmany([
        [`a${step % 5}`, step],
        ["b", step],
      ]);
      if (step % 40 === 20) await open({ retention }).ready();
    }
    await Promise.all(buses.map((bus) => bus.close()));
    const again = open({ retention });
    assert.equal((await again.poll(["start"], start, 0)).missed, false);
    assert.equal((await again.poll(["b"], start, 0)).missed, true);
  });

  it("are counted from an older version on, which did not count what it trimmed", async () => {
    const { name, bus: open, client } = schema();
    const retention = { count: 2 };
    const bus = open({ retention });
    const start = await bus.sendone("start", 0);
    for (let step = 0; step < 9; step += 1) await bus.sendone("a", step);
    await bus.close();
    const operator = await client();
    await operator.query(`drop function "${name}".nightbus_mend_1(boolean)`);
    await operator.query(`delete from "${name}".nightbus_watermarks where key = 'gone'`);
    const again = open({ retention });
    assert.equal((await again.poll(["start"], start, 0)).missed, false);
    await again.close();
    await operator.query(`delete from "${name}".nightbus_rows where key = '"start"'`);
    assert.equal((await open({ retention }).poll(["start"], start, 0)).missed, true);
  });

  it("are not looked for where the functions belong to another role, and nobody is told missed for nothing", async () => {
    const { name, bus: open, client } = schema();
    const retention = { count: 2 };
    const bus = open({ retention });
    const start = await bus.sendone("start", 0);
    for (let step = 0; step < 9; step += 1) await bus.sendone("a", step);
    await bus.close();
    const owner = await client();
    const role = `nightbus_${Math.random().toString(36).slice(2)}`;
    await owner.query(`drop function "${name}".nightbus_mend_1(boolean)`);
    await owner.query(`delete from "${name}".nightbus_watermarks where key = 'gone'`);
    await owner.query(`create role ${role} login`);
    try {
      await owner.query(`grant usage on schema "${name}" to ${role}`);
      await owner.query(`grant all on all tables in schema "${name}" to ${role}`);
      await owner.query(`grant all on all sequences in schema "${name}" to ${role}`);
      const url = new URL(DATABASE_URL);
      url.username = role;
      await using guest = new Bus({ store: postgres(url.href, { schema: name }), retention });
      const batch = await guest.poll(["start"], start, 0);
      assert.equal(batch.missed, false);
      await guest.sendone("start", 1);
    } finally {
      await owner.query(`drop owned by ${role}`);
      await owner.query(`drop role ${role}`);
    }
  });

  it("do not count what runs of ids have left out, and old runs are folded", async () => {
    const { name, bus: open, client } = schema();
    const bus = open();
    const first = await bus.sendone("a", 1);
    const operator = await client();
    await operator.query(`set search_path to "${name}"`);
    await operator.query(
      `insert into nightbus_holes (before, after) select last + n * 2, last + (n - 1) * 2
       from nightbus_meta, generate_series(1, 100000) n`,
    );
    await operator.query(
      `insert into nightbus_rows (id, key, json, at, send)
       select last + n * 2, '"a"', '0', at, last + n * 2 from nightbus_meta, generate_series(1, 100000) n`,
    );
    await operator.query("update nightbus_meta set last = last + 100000 * 2, server = 'another'");
    const next = await bus.sendone("a", 2);
    const { rows } = await operator.query("select count(*)::int as gaps from nightbus_holes");
    assert.ok(rows[0].gaps <= 92_000, `${rows[0].gaps} gaps`);
    const again = open({ retention: { count: 1e6, age: 1e13 } });
    assert.equal((await again.poll(["a"], next - 1, 0, { limit: 1 })).missed, true, "it was never given out");
    assert.equal((await again.poll(["b"], next, 0)).missed, false);
    assert.equal((await again.poll(["b"], first + 50_000 * 2, 0)).missed, false, "younger than what is folded");
    assert.equal((await again.poll(["b"], first, 0)).missed, true, "older than what is folded");
    assert.equal((await bus.poll(["b"], next, 0)).missed, false);
  });
});

postgresRuns(describe)("sendwithin of Postgres", () => {
  it("refuses a transaction of a copy of its database, in which nothing is done", async () => {
    const original = await newDatabase();
    const maker = new Bus({ store: postgres(original.url) });
    const last = await maker.sendone("a", 1);
    await maker.close();
    const copy = await newDatabase(original.name);
    const bus = new Bus({ store: postgres(original.url) });
    onTestFinished(() => bus.close());
    const client = await copy.client();
    await client.query("begin");
    await failsWith("bad_transaction", () => bus.sendwithin(client, [["a", 2]]), "another database or server");
    await client.query("commit");
    const { rows } = await client.query("select * from nightbus.nightbus_outbox");
    assert.deepEqual(rows, []);
    const own = await original.client();
    await own.query("begin");
    await bus.sendwithin(own, [["a", 3]]);
    await own.query("commit");
    assert.deepEqual(messagesOf(await bus.poll(["a"], last, 5_000)), [3]);
  });
});
