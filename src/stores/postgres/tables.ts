import type { Gap, KeyBounds, KeyedSend, LogState, PendingRow, Row, Trimmed, Watermark } from "../../store.ts";
import type { Sends } from "../shared/given-ids.ts";
import { type CommittedKeyed, outcomeOf, whole } from "../shared/keyed-commits.ts";
import { PAGE_BYTES, PAGE_ROWS } from "../shared/page-size.ts";
import type { Committed, Writer } from "../shared/remote-commits.ts";
import type { Page } from "../shared/remote-cursor.ts";
import { BEGIN, LOST_ROWS, NEWEST_FUNCTION } from "./functions.ts";

/** The process that commits, with its name in notifications. */
export interface NamedWriter extends Writer {
  readonly node: string;
}

/** A page of rows. Its `identity` is the first beginning of the log. */
export interface TablesPage extends Page {
  /** True if the outbox holds something. */
  readonly hasOutbox: boolean;
  /** True for a session that can only read, as on a server that does not commit any more. */
  readonly isReadOnly: boolean;
  /** The engine's clock, in ms. */
  readonly now: number;
}

/** The state of a log beside its rows. */
export interface State extends LogState {
  /** The first beginning of the log, which is its identity. */
  readonly origin: number;
  /** The number of ids that have neither a row nor a gap. */
  readonly gone: number;
}

/**
 * The place of the log: a running server, and a database of it. An id inside the log would also be in a restored dump, and the
 * system's identifier also in a copy of the server. No two servers start in the same microsecond.
 */
const PLACE = "current_database() || ' ' || (extract(epoch from pg_postmaster_start_time()) * 1000000)::bigint";

type Fields = readonly (string | null)[];

/** Runs a statement by itself, or inside a transaction, and resolves with its rows. */
export type Ask = (text: string, values?: readonly unknown[]) => Promise<readonly Fields[]>;

/**
 * The statements on nightbus's tables. JSON text has no raw line breaks, so lists of it are lines, without quoting. Each
 * `limit 1` tells the planner that a new table has one row. Without it, the planner expects hundreds, and compiles for them.
 */
export class Tables {
  readonly #named: string;

  /** `named` is the schema, quoted. */
  constructor(named: string) {
    this.#named = named;
  }

  /** Commits the outbox and then these sends. */
  async append(ask: Ask, as: NamedWriter, sends: Sends): Promise<Committed> {
    return (await this.#commit(ask, as, written(sends)))!; // sends are never nothing
  }

  /** Commits the outbox, and then the sends whose keys are not known. No key comes twice. */
  async appendKeyed(
    ask: Ask,
    as: NamedWriter,
    sends: readonly KeyedSend[],
    bounds: KeyBounds,
  ): Promise<CommittedKeyed> {
    const rows = sends.map((send) => send.rows);
    const [found] = await ask(
      `select was, began, first, newest, stamp, moved, firsts, fresh, forgot
       from ${this.#named}.nightbus_keyed_1($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
      [
        ...[as.node, as.hasEpoch, as.seen, as.base],
        ...written(rows),
        rows.map(({ length }) => length).join(),
        sends.map(({ key }) => key?.name ?? "").join(),
        sends.map(({ key }) => key?.hash ?? "").join(),
        whole(bounds.window),
        whole(bounds.count),
      ],
    );
    const [, , , , , , firsts, fresh, forgot] = found!; // a function answers one row
    const own = fresh!.split(",").flatMap((mark, at) => (mark === "1" ? [rows[at]!] : []));
    const committed = committedOf(found!);
    return {
      committed: committed === undefined ? undefined : { ...committed, sends: own },
      outcomes: firsts!.split(",").map((first, at) => outcomeOf(Number(first), sends[at]!)),
      forgotten: forgot === null ? undefined : Number(forgot),
    };
  }

  /** Commits the outbox. Undefined if it was empty. */
  move(ask: Ask, as: NamedWriter): Promise<Committed | undefined> {
    return this.#commit(ask, as, [null, null, null]);
  }

  /** The place of this log. A copy of the database, or of its server, is another place. Rejects if the log is gone. */
  async place(ask: Ask): Promise<string> {
    const [[place]] = (await ask(`select ${PLACE}, exists (select from ${this.#named}.nightbus_floor)`)) as [[string]];
    return place;
  }

  /**
   * Puts a send into the outbox, and notifies all processes at the commit. At another place it does nothing and returns false.
   * Rejects outside a transaction.
   */
  async put(ask: Ask, send: readonly PendingRow[], place: string): Promise<boolean> {
    // The insert takes this lock anyway. Outside a transaction, Postgres refuses this statement.
    await ask(`lock table ${this.#named}.nightbus_outbox in row exclusive mode`);
    const told = await ask(
      `with put as (insert into ${this.#named}.nightbus_outbox (keys, jsons) select $1, $2 where ${PLACE} = $4 returning id)
       select pg_notify($3, '') from put`,
      [lines(send.map(({ key }) => key)), lines(send.map(({ json }) => json)), `nightbus ${this.#named}`, place],
    );
    return told.length > 0;
  }

  /** The rows after `seen`, each send whole. Undefined if there is no log. */
  async page(ask: Ask, seen: number): Promise<TablesPage | undefined> {
    // The end of the page is found first, so that no row beyond its last send is visited.
    const found = await ask(
      `select m.begin, m.last, exists (select from ${this.#named}.nightbus_outbox), ${this.#named}.nightbus_micros() / 1000,
         current_setting('transaction_read_only'),
         cut.id is not null, r.id, r.key, r.json, r.at, r.send
       from (select begin, last from ${this.#named}.nightbus_meta limit 1) m
       left join lateral (
         select id, send from (
           select id, send, row_number() over so_far as place, sum(octet_length(json)) over so_far as bytes
           from (select id, send, json from ${this.#named}.nightbus_rows where id > $1 order by id limit ${PAGE_ROWS}) s
           window so_far as (order by id rows unbounded preceding)
         ) s where place = ${PAGE_ROWS} or bytes >= ${PAGE_BYTES} order by id limit 1
       ) cut on true
       left join lateral (
         select * from ${this.#named}.nightbus_rows where id > $1 and id < coalesce(
           (select id from ${this.#named}.nightbus_rows where id > cut.id and send > cut.send order by id limit 1), m.last + 1)
       ) r on true order by r.id`,
      [seen],
    );
    const [head] = found;
    if (head === undefined) return undefined;
    const [origin, newest, outbox, now, readOnly, isCut, first] = head;
    const rows = first === null ? [] : found.map(rowOf);
    const last = Number(newest);
    const end = isCut === "t" ? rows.at(-1)!.id : last;
    return {
      identity: `${origin}`,
      begin: Number(origin),
      rows,
      last,
      end,
      hasOutbox: outbox === "t",
      isReadOnly: readOnly === "on",
      now: Number(now),
    };
  }

  /** Moves the beginning of the log behind rows that another program removed. */
  async mend(ask: Ask): Promise<void> {
    await ask(`select ${this.#named}.${NEWEST_FUNCTION}(true)`);
  }

  /** The state of the log after `seen`. Read it after the page, so that each row that the page lacks has its watermark. */
  async state(ask: Ask, seen: number): Promise<State | undefined> {
    const [found] = await ask(
      `select m.begin, m.last, f.id,
         (select id from ${this.#named}.nightbus_watermarks where key = '${BEGIN}'),
         (select id from ${this.#named}.nightbus_watermarks where key = '${LOST_ROWS}'),
         (select json_agg(json_build_array(after, before) order by before) from ${this.#named}.nightbus_holes where before > $1),
         (select json_agg(json_build_array(key, id)) from ${this.#named}.nightbus_watermarks
           where key not in ('${BEGIN}', '${LOST_ROWS}') and id > (case when f.id > $1 then 0 else $1 end))
       from (select * from ${this.#named}.nightbus_meta limit 1) m, (select * from ${this.#named}.nightbus_floor limit 1) f`,
      [seen],
    );
    if (found === undefined) return undefined;
    const [origin, last, floor, begin, gone, gaps, watermarks] = found;
    return {
      begin: Math.max(Number(origin), Number(begin)),
      origin: Number(origin),
      gone: Number(gone),
      last: Number(last),
      floor: Number(floor),
      gaps: (JSON.parse(gaps ?? "[]") as [number, number][]).map(([after, before]): Gap => ({ after, before })),
      watermarks: JSON.parse(watermarks ?? "[]") as Watermark[],
    };
  }

  /** Trims a portion. False while another process trims. */
  async trim(ask: Ask, { ids, keys, forgotten, floor }: Trimmed): Promise<boolean> {
    const values = [`{${ids.join()}}`, lines(keys), lines(forgotten), floor];
    const [[done]] = (await ask(`select ${this.#named}.nightbus_trim_1($1, $2, $3, $4)`, values)) as [[string]];
    return done === "t";
  }

  async #commit(ask: Ask, as: NamedWriter, sends: readonly unknown[]): Promise<Committed | undefined> {
    const [found] = await ask(
      `select was, began, first, newest, stamp, moved from ${this.#named}.nightbus_append_1($1, $2, $3, $4, $5, $6, $7)`,
      [as.node, as.hasEpoch, as.seen, as.base, ...sends],
    );
    return committedOf(found!); // a function answers one row
  }
}

function committedOf([was, began, first, last, at, moved]: Fields): Committed | undefined {
  if (moved === null || moved === undefined || (moved === "f" && first === null)) return undefined;
  return {
    was: Number(was),
    began: began === null ? undefined : Number(began),
    first: Number(first),
    last: Number(last),
    at: Number(at),
    moved: moved === "t",
  };
}

/** Returns the keys, the messages, and the place of each row's send, as text. */
function written(sends: Sends): readonly [keys: string, jsons: string, starts: string] {
  const keys: string[] = [];
  const jsons: string[] = [];
  const starts: number[] = [];
  for (const send of sends) {
    const start = keys.length;
    for (const { key, json } of send) {
      keys.push(key);
      jsons.push(json);
      starts.push(start);
    }
  }
  return [lines(keys), lines(jsons), starts.join()];
}

function lines(texts: readonly string[]): string {
  return texts.join("\n");
}

function rowOf([, , , , , , id, key, json, at, send]: Fields): Row {
  return { id: Number(id), key: key!, json: json!, at: Number(at), send: Number(send) };
}
