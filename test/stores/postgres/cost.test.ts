import assert from "node:assert/strict";
import type { Bus } from "nightbus";
import pg from "pg";
import { describe, it } from "vitest";
import { messagesOf, until } from "../../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { postgresRuns } from "../engines.ts";
import { type CostPlace, type Counting, testCost } from "../suite/cost.ts";
import { schemas } from "./schemas.ts";

const FOREVER = Number.POSITIVE_INFINITY;

/** The rows of the table of keys that were read in this schema, and those that are there. */
const READS_OF_KEYS = `select s.seq_tup_read as scanned, s.idx_tup_fetch as read, s.n_live_tup as kept
  from pg_stat_all_tables s where s.schemaname = $1 and s.relname = 'nightbus_keys'`;

/** A pool that counts the requests of all its clients. */
function counting(pool: (Client: typeof pg.Client) => pg.Pool): Counting {
  const Client = class extends pg.Client {} as typeof pg.Client;
  const { query } = pg.Client.prototype;
  let count = 0;
  Client.prototype.query = function (this: pg.Client, ...asked: never[]) {
    count += 1;
    return query.apply(this, asked as never);
  } as typeof query;
  return {
    connection: pool(Client),
    get count() {
      return count;
    },
    reset() {
      count = 0;
    },
  };
}

postgresRuns(describe)("what a bus costs Postgres", () => {
  const schema = schemas();

  testCost({
    reads: 1,
    place() {
      const { bus, pool } = schema();
      return { open: bus as CostPlace<Counting>["open"], counting: async () => counting(pool) };
    },
    hasSettled: ({ count }) => count >= 5,
  });

  it("looks at no more keys than it sends and forgets, also after a vacuum found few of them", async () => {
    const { bus: open, name, client } = schema();
    const bus = open({ keys: { count: 2_000 } });
    bus.on("error", () => {}); // hears that keys are forgotten before their window ends
    await bus.sendone("a", 0, { key: "first" });
    await (await client()).query(`vacuum analyze "${name}".nightbus_keys`);
    for (let commit = 0; commit < 80; commit += 1) {
      await Promise.all(Array.from({ length: 50 }, (_, n) => bus.sendone("a", n, { key: `${commit} ${n}` })));
    }
    await bus.close(); // which makes its connection write down what it counted
    const [row] = (await (await client()).query(READS_OF_KEYS, [name])).rows;
    const { scanned, read, kept } = row as Record<string, string>;
    assert.ok(Number(kept) >= 2_000 && Number(kept) <= 2_100, `${kept} keys are kept`);
    assert.ok(Number(scanned) <= 20_000, `${scanned} rows were read by scans of the table`);
    assert.ok(Number(read) <= 20_000, `${read} rows were read by its indexes`);
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
    for (let beat = 1; beat <= 8; beat += 1) {
      const poll = deaf.poll(["a"], deaf.last, FOREVER);
      await sender.sendone("a", beat);
      clock.advance(5_000);
      assert.deepEqual(messagesOf(await poll), [beat]);
    }
    await until(() => errors.length > 0, "it says so");
    assert.equal(errors.length, 1, "once");
    assert.match(errors[0]!, /notifications do not come through.*transaction pooler.*listen/);
  });

  it("is each row once, in pages, when a log is opened", async () => {
    const { bus: open, pool, client, name } = schema();
    const { last } = await fill(open(), await client(), name, 30_000);
    const asked = recording();
    const bus = open({ retention: { age: 1e13, count: 1e6 } }, pool(asked.Client));
    await bus.ready();
    assert.equal(bus.last, last);
    assert.equal((await bus.poll(["a"], 0, 0, { limit: 1e6 })).length, 30_000);
    const pages = asked.queries.filter(({ text }) => text.includes("nightbus_outbox"));
    assert.ok(pages.length >= 6 && pages.length <= 7, `${pages.length} pages`);
    const explainer = await client();
    for (const { text, values } of pages) {
      const explained = { text: `explain (analyze, format json) ${text}`, values: [...values] };
      const [row] = (await explainer.query(explained)).rows;
      const visited = rowsVisited(row["QUERY PLAN"][0].Plan);
      assert.ok(visited <= 2 * 5_000 + 10, `${visited} of 30,000 rows were visited for one page`);
    }
  });

  it("is pages of few bytes where messages are large", async () => {
    const { bus: open, pool } = schema();
    const writer = open();
    for (let step = 0; step < 12; step += 1) await writer.sendone("a", `${step}`.padEnd(1_000_000, "x"));
    const asked = recording();
    const bus = open({}, pool(asked.Client));
    await bus.ready();
    assert.equal((await bus.poll(["a"], 0, 0)).length, 12);
    const pages = asked.queries.filter(({ text }) => text.includes("nightbus_outbox"));
    assert.ok(pages.length >= 3, `${pages.length} pages of 12 MB`);
  });
});

/** A class of clients that note what they are asked. */
function recording(): { readonly Client: typeof pg.Client; readonly queries: readonly Asked[] } {
  const queries: Asked[] = [];
  const Client = class extends pg.Client {} as typeof pg.Client;
  const { query } = pg.Client.prototype;
  Client.prototype.query = function (this: pg.Client, ...asked: never[]) {
    queries.push(asked[0]!);
    return query.apply(this, asked as never);
  } as typeof query;
  return { Client, queries };
}

interface Asked {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Rows in sends of three, as if they had been sent. */
async function fill(bus: Bus, client: pg.Client, schema: string, count: number): Promise<{ readonly last: number }> {
  await bus.ready();
  await client.query(
    `with rows as (insert into "${schema}".nightbus_rows
       select last + n, '"a"', '"text"', 1, last + n - (n - 1) % 3 from "${schema}".nightbus_meta, generate_series(1, ${count}) n)
     update "${schema}".nightbus_meta set last = last + ${count}`,
  );
  await client.query(`analyze "${schema}".nightbus_rows`); // as the engine does by itself, some time later
  await bus.close();
  const { rows } = await client.query(`select last from "${schema}".nightbus_meta`);
  return { last: Number(rows[0].last) };
}

interface Plan {
  readonly "Relation Name"?: string;
  readonly "Actual Rows": number;
  readonly "Rows Removed by Filter"?: number;
  readonly Plans?: readonly Plan[];
}

/** The number of rows of the log that a plan has visited. */
function rowsVisited(plan: Plan): number {
  const own =
    plan["Relation Name"] === "nightbus_rows" ? plan["Actual Rows"] + (plan["Rows Removed by Filter"] ?? 0) : 0;
  return (plan.Plans ?? []).reduce((sum, each) => sum + rowsVisited(each), own);
}
