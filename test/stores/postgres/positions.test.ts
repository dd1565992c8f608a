import assert from "node:assert/strict";
import { Bus } from "nightbus";
import { postgres } from "nightbus/postgres";
import pg from "pg";
import { describe, it, onTestFinished } from "vitest";
import type { PositionChange, Store } from "../../../src/store.ts";
import { failsWith, messagesOf, until } from "../../../src/testing/conformance/bus/topic.ts";
import { DATABASE_URL, postgresRuns } from "../engines.ts";
import { countsUnderKills, positionsIn } from "../suite/positions.ts";
import { schemas } from "./schemas.ts";

const change = (version: number, state: string): PositionChange => ({
  name: "a",
  version: () => version,
  state: () => state,
});

/** A client whose commits get no answer, once `isArmed` says so. `isMade` tells whether the server gets them. */
function losing(isMade: boolean): { readonly Client: typeof pg.Client; isArmed: boolean } {
  const lost = { isArmed: false, Client: pg.Client };
  lost.Client = class extends pg.Client {
    override query(...asked: never[]): never {
      const [{ text }] = asked as unknown as readonly [{ text?: string }];
      const query = super.query.bind(this) as unknown as (...asked: never[]) => Promise<unknown>;
      if (text !== "commit" || !lost.isArmed) return query(...asked) as never;
      lost.isArmed = false;
      const made = isMade ? query(...asked) : Promise.resolve();
      return made.then(() => {
        this.connection.stream.destroy();
        throw new Error("the connection was cut");
      }) as never;
    }
  } as typeof pg.Client;
  return lost;
}

postgresRuns(describe)("positions in Postgres", () => {
  const schema = schemas();

  it("count each change once, though connections are killed", async () => {
    const { client, pool, name } = schema();
    const killer = await client();
    const kill = (): Promise<unknown> =>
      killer.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and query like $1",
        [`%"${name}"%`],
      );
    const open = () => positionsIn(postgres(pool(), { schema: name }));
    await countsUnderKills({ all: [await open(), await open()], kill });
  });

  it("do not move if the work loses its connection, and then move on", async () => {
    const { pool, name } = schema();
    const positions = await positionsIn(postgres(pool(), { schema: name }));
    const version = (await positions.replace("a", 0, "one"))!;
    const kill = async (tx: unknown): Promise<void> => {
      await (tx as pg.Client).query("select pg_terminate_backend(pg_backend_pid())");
    };
    await assert.rejects(positions.within!.run(change(version, "two"), kill), /terminating|terminated/);
    const swallowed = positions.within!.run(change(version, "two"), (tx) => kill(tx).catch(() => {}));
    const error = await failsWith("store", () => swallowed, "Postgres could not move a position");
    assert.equal(error.refused, true, "no commit was sent");
    assert.deepEqual(await positions.read("a"), { name: "a", version, state: "one" });
    assert.ok((await positions.within!.run(change(version, "two"), () => {}))! > version);
  });

  it("say the version of a transaction whose commit got no answer, if it was made", async () => {
    const { client, name, pool } = schema();
    const lost = losing(true);
    const positions = await positionsIn(postgres(pool(lost.Client), { schema: name }));
    await positions.list();
    lost.isArmed = true;
    const counter = await client();
    await counter.query(`create table "${name}".done (id serial)`);
    const work = (tx: unknown): Promise<unknown> =>
      (tx as pg.Client).query(`insert into "${name}".done default values`);
    const version = (await positions.within!.run(change(0, "one"), work))!;
    assert.deepEqual(await positions.read("a"), { name: "a", version, state: "one" });
    assert.equal((await counter.query(`select from "${name}".done`)).rowCount, 1);
  });

  it("leave a transaction open whose commit got no answer, if it was not made", async () => {
    const { name, pool } = schema();
    const lost = losing(false);
    const positions = await positionsIn(postgres(pool(lost.Client), { schema: name }));
    await positions.list();
    lost.isArmed = true;
    const error = await failsWith("store", () => positions.within!.run(change(0, "one"), () => {}));
    assert.equal(error.refused, false);
    assert.equal(await positions.read("a"), undefined);
    assert.ok((await positions.within!.run(change(0, "two"), () => {}))! > 0);
  });

  it("refuse work that ends the transaction itself", async () => {
    const { name } = schema();
    const positions = await positionsIn(postgres(DATABASE_URL, { schema: name }));
    const commit = (tx: unknown): Promise<unknown> => (tx as pg.Client).query("commit");
    await failsWith("bad_transaction", () => positions.within!.run(change(0, "one"), commit), "leave out commit");
    assert.equal(await positions.read("a"), undefined);
  });

  it("are renewed while work holds the only connection of the pool", async () => {
    const { name } = schema();
    const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 1 });
    onTestFinished(() => pool.end());
    const positions = await positionsIn(postgres(pool, { schema: name }));
    let version = (await positions.replace("a", 0, "one"))!;
    const renewing: PositionChange = { name: "a", version: () => version, state: () => "moved" };
    const moved = await positions.within!.run(renewing, async () => {
      for (let step = 0; step < 3; step += 1) version = (await positions.replace("a", version, `renewed ${step}`))!;
      assert.equal((await positions.read("a"))?.version, version);
    });
    assert.ok(moved! > version);
    assert.equal((await positions.read("a"))?.state, "moved");
  });

  it("move with sends of the bus, which wait for no lock of theirs", async () => {
    const { name, pool } = schema();
    const store: Store = postgres(pool(), { schema: name });
    const bus = new Bus({ store });
    onTestFinished(() => bus.close());
    await bus.ready();
    const moved = await store.positions!.within!.run(change(0, "one"), async (tx) => {
      await bus.sendwithin(tx, [["a", "inside"]]);
      await bus.sendone("a", "beside");
    });
    assert.ok(moved! > 0);
    await until(() => bus.stats().rows === 2, "both are committed");
    assert.deepEqual([...messagesOf(await bus.poll(["a"], 0, 0))].sort(), ["beside", "inside"]);
  });
});
