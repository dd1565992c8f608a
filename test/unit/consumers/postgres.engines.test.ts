import { randomBytes } from "node:crypto";
import { Bus, type BusError, type ConsumeContext } from "nightbus";
import { postgres } from "nightbus/postgres";
import pg from "pg";
import { expect, it, onTestFinished } from "vitest";
import { until } from "../../../src/testing/conformance/bus/topic.ts";
import { DATABASE_URL } from "../../stores/engines.ts";
import { eventually } from "../../support/eventually.ts";

const JOBS = Array.from({ length: 20 }, (_, n) => n);

it("handles each job once on Postgres, over failures, slow handlers and a handover", async () => {
  const schema = `nightbus consumers ${randomBytes(4).toString("hex")}`;
  const client = new pg.Client(DATABASE_URL);
  await client.connect();
  await client.query(`create schema "${schema}"`);
  await client.query(`create table "${schema}".ledger (at serial, job int)`);
  const buses = [1, 2].map(() => new Bus({ store: postgres(DATABASE_URL, { schema }) })) as [Bus, Bus];
  onTestFinished(async () => {
    await Promise.all(buses.map((bus) => bus.close()));
    await client.query(`drop schema "${schema}" cascade`);
    await client.end();
  });
  const errors: Error[] = [];
  const told: unknown[] = [];
  for (const bus of buses) bus.on("error", (error) => errors.push(error));
  buses[1].on("notification", ({ channel, message }) => {
    if (channel === "done") told.push(message);
  });
  let failures = 3;
  const consume = (bus: Bus) =>
    bus.consume(
      "ledger",
      ["jobs"],
      async ({ message }, { tx }: ConsumeContext<pg.Client>) => {
        await tx.query(`insert into "${schema}".ledger (job) values ($1)`, [message]);
        await bus.sendwithin(tx, [["done", message]]);
        if (message === 5 && failures-- > 0) throw new Error("not yet");
        if (message === 7) await new Promise((resolve) => setTimeout(resolve, 1_500)); // longer than the lease
      },
      { transaction: true, lease: 1_000 },
    );
  const ledger = async (): Promise<readonly number[]> => {
    const { rows } = await client.query<{ job: number }>(`select job from "${schema}".ledger order by at`);
    return rows.map(({ job }) => job);
  };
  const first = consume(buses[0]);
  await until(() => first.isActive, "the first consumer works");
  consume(buses[1]);
  for (const job of JOBS) await buses[0].sendone("jobs", job);
  await eventually(
    () => "the first consumer has done some",
    async () => (await ledger()).length >= 12,
    20_000,
  );
  await first.close();
  await eventually(
    () => "all jobs are done",
    async () => (await ledger()).length >= JOBS.length,
    20_000,
  );
  await until(() => told.length >= JOBS.length, "the sends are heard");
  expect([await ledger(), told, errors]).toEqual([JOBS, JOBS, []]);
});

it("spends no attempt on a connection of Postgres that is lost while the handler works", async () => {
  const schema = `nightbus consumers ${randomBytes(4).toString("hex")}`;
  const client = new pg.Client(DATABASE_URL);
  await client.connect();
  await client.query(`create schema "${schema}"`);
  await client.query(`create table "${schema}".ledger (at serial, job int)`);
  const bus = new Bus({ store: postgres(DATABASE_URL, { schema }) });
  onTestFinished(async () => {
    await bus.close();
    await client.query(`drop schema "${schema}" cascade`);
    await client.end();
  });
  const errors: BusError[] = [];
  bus.on("error", (error) => errors.push(error as BusError));
  const attempts: number[] = [];
  bus.consume(
    "ledger",
    ["jobs"],
    async ({ message }, { tx, attempt }: ConsumeContext<pg.Client>) => {
      attempts.push(attempt);
      if (attempts.length <= 2) {
        const { rows } = await tx.query<{ pid: number }>("select pg_backend_pid() as pid");
        await client.query("select pg_terminate_backend($1)", [rows[0]!.pid]);
      }
      await tx.query(`insert into "${schema}".ledger (job) values ($1)`, [message]);
    },
    { transaction: true, attempts: 1 },
  );
  await bus.sendone("jobs", 1);
  await eventually(
    () => "the job is done",
    async () => (await client.query(`select job from "${schema}".ledger`)).rows.length === 1,
    20_000,
  );
  expect(attempts).toEqual([1, 1, 1]);
  expect(errors.map(({ code, refused, unavailable }) => [code, refused, unavailable])).toEqual([["store", true, true]]);
  expect(errors[0]?.message).toMatch(/^Postgres could not move a position: the connection was lost/);
});

it("spends attempts on work after which Postgres commits nothing", async () => {
  const schema = `nightbus consumers ${randomBytes(4).toString("hex")}`;
  const client = new pg.Client(DATABASE_URL);
  await client.connect();
  await client.query(`create schema "${schema}"`);
  await client.query(`create table "${schema}".ledger (job int unique deferrable initially deferred)`);
  await client.query(`create table "${schema}".book (job int)`);
  await client.query(
    `create function "${schema}".refuse() returns trigger language plpgsql as $$
      begin raise exception 'the book is full' using errcode = '45000'; end $$`,
  );
  await client.query(
    `create constraint trigger late after insert on "${schema}".book deferrable initially deferred
      for each row execute function "${schema}".refuse()`,
  );
  const bus = new Bus({ store: postgres(DATABASE_URL, { schema }) });
  onTestFinished(async () => {
    await bus.close();
    await client.query(`drop schema "${schema}" cascade`);
    await client.end();
  });
  const enter = (tx: pg.Client, job: unknown) => tx.query(`insert into "${schema}".ledger values ($1)`, [job]);
  const handlers = {
    "the commit refuses": async (tx: pg.Client) => void (await Promise.all([enter(tx, 1), enter(tx, 1)])),
    "a trigger refuses": async (tx: pg.Client) => void (await tx.query(`insert into "${schema}".book values (1)`)),
    "a statement has failed": async (tx: pg.Client) => void (await enter(tx, "no number").catch(() => {})),
  };
  for (const [name, work] of Object.entries(handlers)) {
    const handler = (_: unknown, { tx }: ConsumeContext<pg.Client>) => work(tx);
    const consumer = bus.consume(name, ["jobs"], handler, { transaction: true, attempts: 2, onFailure: "failed" });
    const poll = bus.poll(["failed"], bus.last, 20_000);
    await bus.sendone("jobs", 7);
    expect((await poll)[0]?.message, name).toMatchObject({ consumer: name, message: 7, attempts: 2 });
    await consumer.close();
  }
});
