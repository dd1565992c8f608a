import assert from "node:assert/strict";
import { Bus } from "nightbus";
import { postgres } from "nightbus/postgres";
import pg from "pg";
import { describe, it, onTestFinished } from "vitest";
import { failsWith, messagesOf } from "../../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { postgresRuns } from "../engines.ts";
import { eventually, newDatabase } from "./databases.ts";

const FOREVER = Number.POSITIVE_INFINITY;

/** A bus, which ends with the test. */
function open(connection: string | pg.Pool, clock?: ManualClock): Bus {
  const bus = new Bus({ store: postgres(connection), ...(clock && { clock }) });
  bus.on("error", () => {});
  onTestFinished(() => bus.close());
  return bus;
}

/** Makes the tables. */
async function make(url: string): Promise<void> {
  await using bus = new Bus({ store: postgres(url) });
  await bus.ready();
}

postgresRuns(describe)("Postgres after a failover", () => {
  it("is sent to by new connections as soon as those are writable, however many read-only ones a pool has kept", async () => {
    const { name, url, admin } = await newDatabase();
    await make(url);
    await admin.query(`alter database ${name} set default_transaction_read_only = on`);
    const pool = new pg.Pool({ connectionString: url, max: 12 });
    pool.on("error", () => {});
    onTestFinished(() => pool.end());
    const kept = await Promise.all(Array.from({ length: 12 }, () => pool.connect()));
    for (const client of kept) client.release();
    const bus = open(pool);
    await bus.ready();
    await admin.query(`alter database ${name} set default_transaction_read_only = off`);
    for (let step = 0; step < 40; step += 1) await bus.sendone("a", step);
    assert.equal((await bus.poll(["a"], 0, 0)).length, 40);
  });

  it("is tried for five seconds while it is read-only, and a send is refused whole then", async () => {
    const { name, url, admin } = await newDatabase();
    await make(url);
    await admin.query(`alter database ${name} set default_transaction_read_only = on`);
    const bus = open(url);
    const error = await failsWith("store", () => bus.sendone("a", 2), "read-only transaction", "tried for 5 s");
    assert.deepEqual([error.refused, error.unavailable], [true, true]);
    await admin.query(`alter database ${name} set default_transaction_read_only = off`);
    await bus.sendone("a", 3);
    assert.deepEqual(messagesOf(await bus.poll(["a"], 0, 0)), [3]);
  });

  it("says that the outcome is unknown when a connection is ended under a send, and the next one has another", async () => {
    const { name, url, client } = await newDatabase();
    const bus = open(url);
    await bus.sendone("a", 1);
    const holder = await client();
    await holder.query("begin");
    await holder.query("select * from nightbus.nightbus_meta for update");
    const sending = bus.sendone("a", 2);
    sending.catch(() => {}); // the promise is awaited below
    await eventually(async () => {
      const { rows } = await holder.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and wait_event_type = 'Lock'`,
        [name],
      );
      return rows.length > 0;
    }, "it was ended");
    const error = await failsWith("store", () => sending, "terminating connection");
    assert.equal(error.refused, false);
    await holder.query("rollback");
    await bus.sendone("a", 3);
    assert.deepEqual(messagesOf(await bus.poll(["a"], 0, 0)), [1, 3]);
  });

  it("is read from another connection when the one that listens is of a server that does not commit any more", async () => {
    const { name, url, admin } = await newDatabase();
    const writer = open(url);
    await writer.sendone("a", 0);
    await admin.query(`alter database ${name} set default_transaction_read_only = on`);
    const clock = new ManualClock();
    const reader = open(url, clock);
    await reader.ready();
    const connections = async (): Promise<readonly number[]> => {
      const { rows } = await admin.query("select pid from pg_stat_activity where datname = $1", [name]);
      return rows.map(({ pid }) => pid);
    };
    const before = await connections();
    await admin.query(`alter database ${name} set default_transaction_read_only = off`);
    await eventually(async () => {
      clock.advance(1_000);
      const now = await connections();
      return now.length >= before.length && now.some((pid) => !before.includes(pid));
    }, "it has connected anew");
    let heard: readonly unknown[] | undefined;
    void reader.poll(["a"], reader.last, FOREVER).then((batch) => {
      heard = messagesOf(batch);
    });
    await writer.sendone("a", 1);
    await eventually(async () => {
      clock.advance(1_000);
      return heard !== undefined;
    }, "it hears");
    assert.deepEqual(heard, [1]);
  });

  it("refuses a send that has to wait for a lock of somebody else, and no backend goes on waiting for it", async () => {
    const { name, url, client } = await newDatabase();
    const bus = open(url);
    await bus.sendone("a", 1);
    const holder = await client();
    await holder.query("begin");
    await holder.query("select * from nightbus.nightbus_meta for update");
    const error = await failsWith("store", () => bus.sendone("a", 2), "lock timeout");
    assert.deepEqual([error.refused, error.unavailable], [true, true]);
    const { rows } = await holder.query(
      "select count(*)::int as waiting from pg_stat_activity where datname = $1 and wait_event_type = 'Lock'",
      [name],
    );
    assert.equal(rows[0].waiting, 0);
    await holder.query("rollback");
    await bus.sendone("a", 3);
    assert.deepEqual(messagesOf(await bus.poll(["a"], 0, 0)), [1, 3]);
  });

  it("refuses to open while somebody holds the lock of its making, and holds nothing open then", async () => {
    const { name, url, client } = await newDatabase();
    const holder = await client();
    await holder.query("select pg_advisory_lock(hashtextextended($1, 0))", ['nightbus schema "nightbus"']);
    const bus = new Bus({ store: postgres(url) });
    bus.on("error", () => {});
    await failsWith("store", () => bus.ready(), "Postgres could not be opened", "lock timeout");
    await bus.close();
    await eventually(async () => {
      const { rows } = await holder.query("select count(*)::int as n from pg_stat_activity where datname = $1", [name]);
      return rows[0].n === 1;
    }, "only the test's own connection is left");
  });
});
