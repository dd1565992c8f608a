import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { isDeepStrictEqual } from "node:util";
import { Bus } from "nightbus";
import { type PostgresConfig, postgres } from "nightbus/postgres";
import pg from "pg";
import { describe, it } from "vitest";
import { failsWith, messagesOf, until } from "../../../src/testing/conformance/bus/topic.ts";
import { DATABASE_URL, postgresRuns } from "../engines.ts";
import { testConnections } from "../suite/connections.ts";
import { eventually } from "./databases.ts";
import { schemas } from "./schemas.ts";

describe("what postgres() takes", () => {
  it("is a connection string, a config or a Pool, and nothing else", async () => {
    for (const wrong of [undefined, null, "", 5, () => {}]) {
      await failsWith(
        "bad_option",
        () => postgres(wrong as unknown as string),
        "a connection string, a config of pg or a Pool",
      );
    }
    const client = new pg.Client() as unknown as PostgresConfig;
    await failsWith("bad_option", () => postgres(client), "a Pool and not a Client");
  });

  it("is a schema that can be named in a notification", async () => {
    for (const schema of ["", "a\0b", "x".repeat(51), 5]) {
      await failsWith(
        "bad_option",
        () => postgres("postgres:", { schema: schema as string }),
        "schema must be a name of 1 to 50 bytes",
      );
    }
    await failsWith(
      "bad_option",
      () => postgres("postgres:", { scheme: "x" } as object),
      'no option "scheme"',
      "schema, listen",
    );
    await failsWith("bad_option", () => postgres("postgres:", { listen: 5 as unknown as string }), "listen must be");
  });
});

postgresRuns(describe)("a bus on the application's Postgres", () => {
  const schema = schemas();

  testConnections({
    door: "postgres",
    place() {
      const { name } = schema();
      const program = `postgres(${JSON.stringify(DATABASE_URL)}, { schema: ${JSON.stringify(name)} })`;
      return { store: () => postgres(DATABASE_URL, { schema: name }), programs: [{ store: program }] };
    },
  });

  it("uses its pool, with connections to spare for it, and does not end it", async () => {
    const { bus: open, pool: make } = schema();
    const pool = make();
    const bus = open({}, pool);
    await bus.sendmany(Array.from({ length: 50 }, (_, index) => ["a", index] as const));
    assert.ok(pool.totalCount <= 3, `${pool.totalCount} connections`);
    await bus.close();
    assert.deepEqual((await pool.query("select 1 as one")).rows, [{ one: 1 }]);
  });

  it("waits five seconds for a connection that the application has lent out, and sends nothing then", async () => {
    const { bus: open, pool: make } = schema();
    const pool = make();
    pool.options.max = 1;
    const bus = open({}, pool);
    await bus.ready();
    const client = await pool.connect();
    try {
      await client.query("begin");
      await bus.sendwithin(client, [["a", "within"]]);
      const error = await failsWith(
        "store",
        () => bus.sendone("a", "beside"),
        "the pool lent no connection",
        "for 5 s",
      );
      assert.deepEqual([error.refused, error.unavailable], [true, true]);
      await client.query("commit");
    } finally {
      client.release();
    }
    await bus.sendone("a", "after");
    assert.deepEqual(messagesOf(await bus.poll(["a"], 0, 0)), ["within", "after"]);
    assert.equal((await pool.query("select 1 as one")).rows.length, 1, "no connection was lost");
  });

  it("waits five seconds for a server that takes connections and says nothing", async () => {
    const { bus: open } = schema();
    const mute = createServer(() => {}).listen(0, "127.0.0.1");
    await once(mute, "listening");
    const { port } = mute.address() as AddressInfo;
    const pool = new pg.Pool({ host: "127.0.0.1", port, database: "test", user: "nobody" });
    const bus = open({}, pool);
    const error = await failsWith("store", () => bus.ready(), "could not be opened", "for 5 s");
    assert.deepEqual([error.refused, error.unavailable], [true, true]);
    mute.close();
  });

  it("listens on a connection that is made as the others are", async () => {
    const { client, name } = schema();
    const config = { connectionString: DATABASE_URL, application_name: name };
    await using bus = new Bus({ store: postgres(config, { schema: name }) });
    await bus.ready();
    const sql =
      "select application_name from pg_stat_activity where position($1 in query) > 0 and pid <> pg_backend_pid()";
    const asker = await client();
    await eventually(async () => {
      const { rows } = await asker.query(sql, [`"${name}".nightbus_rows`]);
      return isDeepStrictEqual(rows, [{ application_name: name }]);
    }, "it reads by that connection");
  });

  it("reads its own numbers whatever the application has told pg to read", async () => {
    const { bus: open, pool: make } = schema();
    const pool = make();
    Object.assign(pool.options, { types: { getTypeParser: () => (text: string) => ({ odd: text }) } });
    const bus = open({}, pool);
    const id = await bus.sendone("a", 1);
    assert.deepEqual(await bus.poll(["a"], 0, 0), [{ id, channel: "a", message: 1 }]);
  });

  it("needs no particular isolation of the database, and every name serves as a schema", async () => {
    const config = { connectionString: DATABASE_URL, options: "-c default_transaction_isolation=serializable" };
    const { name, client } = schema();
    const odd = `${name} "é'`;
    const buses = [0, 1, 2].map(() => new Bus({ store: postgres(config, { schema: odd }) }));
    try {
      await Promise.all(buses.map((bus) => bus.ready()));
      const sends = Array.from({ length: 60 }, (_, index) =>
        buses[index % 3]!.sendone("a", index, index % 2 === 0 ? {} : { key: `${index}` }),
      );
      const ids = await Promise.all(sends);
      await until(() => buses.every(({ last }) => last === Math.max(...ids)), "all have read all");
      assert.equal((await buses[0]!.poll(["a"], 0, 0)).length, 60);
    } finally {
      for (const bus of buses) await bus.close();
      await (await client()).query(`drop schema if exists "${odd.replaceAll('"', '""')}" cascade`);
    }
  });

  it("refuses to send within a transaction of another database, where its tables are not", async () => {
    const { bus: open } = schema();
    const bus = open();
    await bus.ready();
    const url = new URL(DATABASE_URL);
    url.pathname = "/postgres";
    const elsewhere = new pg.Client(url.href);
    await elsewhere.connect();
    try {
      await elsewhere.query("begin");
      const sent = () => bus.sendwithin(elsewhere, [["a", 1]]);
      await failsWith("bad_transaction", sent, "another database or server");
    } finally {
      await elsewhere.end();
    }
    assert.deepEqual(messagesOf(await bus.poll(["a"], 0, 0)), []);
  });
});
