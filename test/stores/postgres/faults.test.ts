import assert from "node:assert/strict";
import { Bus } from "nightbus";
import { postgres } from "nightbus/postgres";
import pg, { type Client } from "pg";
import { describe, it } from "vitest";
import { failsWith, messagesOf, until } from "../../../src/testing/conformance/bus/topic.ts";
import { TcpProxy } from "../../system/cluster/proxy.ts";
import { DATABASE_URL, postgresRuns } from "../engines.ts";
import { survivesKills, testUnreachable } from "../suite/faults.ts";
import { schemas } from "./schemas.ts";

const FOREVER = Number.POSITIVE_INFINITY;

postgresRuns(describe)("a store on Postgres, when things go wrong,", () => {
  const schema = schemas();

  it("goes on when its connections are killed, and neither loses nor doubles anything", async () => {
    const { bus: open, client, pool, name } = schema();
    const killer = await client();
    const kill = (): Promise<void> => killAll(killer, name);
    await survivesKills({ sender: open({}, pool()), reader: open({}, pool()), mostUnknown: 3, kill });
  });

  testUnreachable(() => postgres("postgres://user:secret@127.0.0.1:1/test"), "ECONNREFUSED");

  it("tells those who read that something is missing when the log was emptied, and goes on", async () => {
    const { bus: open, client, name } = schema();
    const [bus, other] = [open(), open()];
    await Promise.all([bus.ready(), other.ready()]);
    const last = await bus.sendone("a", "lost");
    const poll = other.poll(["a"], last, FOREVER);
    await until(() => other.waiting === 1, "it has read and waits"); // reads fail while the tables go
    await (await client()).query(`drop schema "${name}" cascade`);
    const id = await bus.sendone("a", "new");
    assert.ok(id > last);
    await other.sendone("b", "wakes");
    const batch = await poll;
    assert.equal(batch.missed, true);
    for (const each of [bus, other]) {
      const again = await each.poll(["a"], last, 0);
      assert.deepEqual([messagesOf(again), again.missed], [["new"], true]);
    }
  });

  it("lets its own readers hear at once of a commit whose answer was lost", async () => {
    const { bus: open, pool } = schema();
    const lost = { isArmed: false };
    class Forgetful extends pg.Client {
      override query(...asked: never[]): never {
        const [{ text = "" }] = asked as unknown as readonly [{ text?: string }];
        const query = super.query.bind(this) as unknown as (...asked: never[]) => Promise<unknown>;
        if (!lost.isArmed || !text.includes("nightbus_append")) return query(...asked) as never;
        lost.isArmed = false;
        return query(...asked).then(() => {
          this.connection.stream.destroy();
          throw new Error("the connection was cut");
        }) as never;
      }
    }
    const bus = open({}, pool(Forgetful as unknown as typeof pg.Client));
    await bus.ready();
    const poll = bus.poll(["a"], bus.last, FOREVER);
    lost.isArmed = true;
    const began = performance.now();
    await assert.rejects(bus.sendone("a", 1), { code: "store", refused: false });
    assert.deepEqual(messagesOf(await poll), [1]);
    assert.ok(performance.now() - began < 2_000, "a look of its own comes after five seconds");
  });

  it("knows a log that was restored from an older copy: cursors from what is gone have missed it, on every bus", async () => {
    const { bus: open, client, name } = schema();
    const [bus, lagging] = [open(), open()];
    await Promise.all([bus.ready(), lagging.ready()]);
    const kept = await bus.sendone("a", "kept");
    await lagging.poll(["a"], kept, 0); // the bus has seen the kept row, and not the one that goes
    const tables = ["nightbus_meta", "nightbus_rows", "nightbus_holes"].map((table) => `"${name}".${table}`);
    const copier = await client();
    for (const table of tables) await copier.query(`create table ${table}_copy as select * from ${table}`);
    const gone = await bus.sendone("a", "gone");
    await copier.query("begin");
    for (const table of tables)
      await copier.query(`truncate ${table}; insert into ${table} select * from ${table}_copy`);
    await copier.query("commit");
    const id = await lagging.sendone("a", "new");
    assert.ok(id > gone, "no id is given out again");
    await until(() => bus.last === id, "the other bus has heard of it");
    for (const each of [bus, lagging, open()]) {
      const missed = await each.poll(["a"], gone, 0);
      assert.deepEqual([messagesOf(missed), missed.missed], [["new"], true]);
      const resumed = await each.poll(["a"], kept, 0);
      assert.deepEqual([messagesOf(resumed), resumed.missed], [["new"], false]);
    }
  });

  it("begins a new run when another server goes on with the log, as after a failover", async () => {
    const { bus: open, client, name } = schema();
    const bus = open();
    const id = await bus.sendone("a", 1);
    assert.equal(await bus.sendone("a", 2), id + 1);
    await (await client()).query(`update "${name}".nightbus_meta set server = 'another'`);
    const next = await bus.sendone("a", 3);
    assert.ok(next > id + 1_000, "at the clock");
    assert.equal((await bus.poll(["a"], id + 2, 0)).missed, true, "what the other may have given out lies in a gap");
  });

  it("rejects at once what does not pass by itself, and says why without the password", async () => {
    const url = new URL(DATABASE_URL);
    url.password = "secret";
    url.pathname = "/no_such_database";
    await using bus = new Bus({ store: postgres(url.href) });
    const error = await failsWith("store", () => bus.ready(), "Postgres could not be opened", "no_such_database");
    assert.deepEqual([error.refused, error.message.includes("secret")], [true, false]);
  });

  it("closes within five seconds when the server does not answer any more", async () => {
    const { name } = schema();
    const url = new URL(DATABASE_URL);
    const proxy = await TcpProxy.open(() => Number(url.port || 5432));
    const through = new URL(url);
    through.host = `127.0.0.1:${proxy.port}`;
    try {
      const bus = new Bus({ store: postgres(through.href, { schema: name }) });
      await bus.sendone("a", 1);
      proxy.halfOpen();
      const before = performance.now();
      await bus.close();
      assert.ok(performance.now() - before < 6_000);
    } finally {
      await proxy.close();
    }
  });

  it("refuses the tables of a newer nightbus", async () => {
    const { bus: open, client, name } = schema();
    const bus = open();
    await bus.ready();
    await (await client()).query(`update "${name}".nightbus_meta set version = 99`);
    await failsWith("store", () => open().ready(), "newer nightbus", "version 99", "update nightbus");
  });
});

async function killAll(killer: Client, schema: string): Promise<void> {
  // Only what has to do with this test: others may be running on the same server.
  await killer.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and position($1 in query) > 0`,
    [schema],
  );
}
