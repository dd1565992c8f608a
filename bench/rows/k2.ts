import pg from "pg";
import { addressOf } from "../../test/support/engines/addresses.ts";
import { type AnyBus, Bus, importStore } from "../built.ts";
import { nameOfOwn } from "../engines/logs.ts";
import { inOrder, produce, type Sent } from "../engines/producers.ts";
import { compare, type Line, type Ready } from "../harness.ts";

const PRODUCERS = 64;
const SENDS = 15;
const ALL = PRODUCERS * SENDS;
/** As many as Postgres can commit together. */
const CONNECTIONS = 8;

/** Producers that await each of their sends, kept by Postgres, beside a transaction for each that inserts and notifies. */
export async function* lines(): AsyncGenerator<Line> {
  const { postgres } = await importStore("postgres");
  const url = addressOf("postgres");
  const schema = nameOfOwn();
  const bus = new Bus({ store: postgres(url, { schema }) });
  const pool = new pg.Pool({ connectionString: url, max: CONNECTIONS });
  try {
    await bus.sendone("lobby", { from: -1, n: 0 });
    await pool.query(
      `create table "${schema}".sent (id bigserial primary key, channel text not null, json text not null)`,
    );
    yield await compare({
      id: "K2",
      workload: `${PRODUCERS} awaiting producers, Postgres`,
      beside: `an insert and a NOTIFY in each transaction, ${CONNECTIONS} connections`,
      ours: () => onBus(bus),
      rival: () => byHand(pool, `"${schema}".sent`),
      target: { atLeast: 10 },
      count: ALL,
      of: "send",
    });
    yield await compare({
      id: "K2",
      workload: "floor: the sends that wait in one insert and one NOTIFY by hand, one connection",
      beside: `an insert and a NOTIFY in each transaction, ${CONNECTIONS} connections`,
      ours: () => together(pool, `"${schema}".sent`),
      rival: () => byHand(pool, `"${schema}".sent`),
      target: undefined,
      isSpeed: true,
      count: ALL,
      of: "send",
    });
  } finally {
    await bus.close();
    await pool.query(`drop schema "${schema}" cascade`);
    await pool.end();
  }
}

function onBus(bus: AnyBus): Ready<Sent> {
  const before = bus.last;
  return {
    go: () => produce(PRODUCERS, SENDS, (message) => bus.sendone("lobby", message)),
    result: async () => inOrder((await bus.poll(["lobby"], before, 0)).map(({ message }) => message as Sent[number])),
  };
}

function byHand(pool: pg.Pool, table: string): Promise<Ready<Sent>> {
  const insert = `with put as (insert into ${table} (channel, json) values ($1, $2) returning id)
    select pg_notify('sent', id::text) from put`;
  return inTable(pool, table, (message) => pool.query(insert, ["lobby", JSON.stringify(message)]));
}

/** Inserts the messages that wait while an insert is under way by the next one. */
function together(pool: pg.Pool, table: string): Promise<Ready<Sent>> {
  const insert = `with put as (
      insert into ${table} (channel, json) select 'lobby', json from unnest($1::text[]) as json returning id
    ) select pg_notify('sent', max(id)::text) from put`;
  let waiting: string[] = [];
  let next: Promise<unknown> | undefined;
  let before: Promise<unknown> = Promise.resolve();
  const flush = async (): Promise<void> => {
    await before;
    const messages = waiting;
    [waiting, next] = [[], undefined];
    await pool.query(insert, [messages]);
  };
  return inTable(pool, table, (message) => {
    waiting.push(JSON.stringify(message));
    if (next === undefined) {
      next = flush();
      before = next;
    }
    return next;
  });
}

async function inTable(
  pool: pg.Pool,
  table: string,
  send: (message: Sent[number]) => Promise<unknown>,
): Promise<Ready<Sent>> {
  const { rows } = await pool.query(`select coalesce(max(id), 0) as newest from ${table}`);
  const [{ newest }] = rows as [{ newest: string }];
  return {
    go: () => produce(PRODUCERS, SENDS, send),
    async result() {
      const sent = await pool.query<{ json: string }>(`select json from ${table} where id > $1`, [newest]);
      return inOrder(sent.rows.map(({ json }) => JSON.parse(json)));
    },
  };
}
