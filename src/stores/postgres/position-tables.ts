import type { Position } from "../../store.ts";
import type { EngineChange } from "../shared/remote-positions.ts";
import { ask as askOn } from "./ask.ts";
import type { PgClient } from "./driver.ts";
import { condemns } from "./failures.ts";
import { literal } from "./functions.ts";
import type { Ask } from "./tables.ts";

/** The statements on the table of positions. */
export class PositionTables {
  readonly #named: string;

  /** `named` is the schema, quoted. */
  constructor(named: string) {
    this.#named = named;
  }

  /** Makes the table, the sequence and the function if they are missing. Many processes may come at once. */
  async prepare(client: PgClient): Promise<void> {
    const named = this.#named;
    const ask: Ask = (...asked) => askOn(client, ...asked);
    const parts = [`${named}.nightbus_move_1(text,bigint,text,text)`, `${named}.nightbus_positions`];
    const [[isThere]] = (await ask(
      "select to_regprocedure($1) is not null and to_regclass($2) is not null",
      parts,
    )) as [[string]];
    if (isThere === "t") return; // a role may be allowed to use it, and not to make it
    try {
      await ask("begin isolation level read committed");
      await ask("set local lock_timeout = '4s'");
      await ask("select pg_advisory_xact_lock(hashtextextended($1, 0))", [`nightbus schema ${named}`]);
      await ask(`create table if not exists ${named}.nightbus_positions (
        name text primary key, version bigint not null, state text not null, token text not null
      )`);
      await ask(`create sequence if not exists ${named}.nightbus_versions`);
      await ask(move(named));
      await ask("commit");
    } catch (error) {
      if (!condemns(error)) await ask("rollback"); // otherwise the transaction ends with its connection
      throw error;
    }
  }

  /** Returns all positions, or the one of this name. Rejects in a session that only reads, whose server may lag. */
  async list(ask: Ask, name?: string): Promise<readonly Position[]> {
    const condition = name === undefined ? "true" : "p.name = $1";
    const found = await ask(
      `select current_setting('transaction_read_only'), p.name, p.version, p.state
       from (select) s left join ${this.#named}.nightbus_positions p on ${condition}`,
      name === undefined ? [] : [name],
    );
    if (found[0]?.[0] === "on") await ask(`delete from ${this.#named}.nightbus_positions where false`); // is refused
    return found.flatMap(([, of, version, state]) =>
      of === null ? [] : [{ name: of!, version: Number(version), state: state! }],
    );
  }

  /** Replaces or removes a position. Undefined if another version is stored. Returns the stored version if its token is the given one. */
  async replace(ask: Ask, { name, version, state, token }: EngineChange): Promise<number | undefined> {
    const values = [name, version, state ?? null, token];
    const [[moved]] = (await ask(`select ${this.#named}.nightbus_move_1($1, $2, $3, $4)`, values)) as [[string | null]];
    return moved === null ? undefined : Number(moved);
  }

  /** Rejects outside a transaction. The replacement takes this lock anyway. */
  async lock(ask: Ask): Promise<void> {
    await ask(`lock table ${this.#named}.nightbus_positions in row exclusive mode`);
  }
}

// The lock of the name lasts until the commit, so that a later call knows the outcome of each earlier one. A version follows the
// sequence and the clock. A server that lost its newest commits in a failover gives none of their versions again.
function move(named: string): string {
  const body = `
  declare
    stored record;
    moved bigint;
  begin
    perform set_config('lock_timeout', '4s', true), set_config('synchronous_commit', 'on', true);
    perform pg_advisory_xact_lock(hashtextextended(${literal(`nightbus position ${named} `)} || consumer, 0));
    select p.version, p.token into stored from ${named}.nightbus_positions p where p.name = consumer;
    if coalesce(stored.version, 0) <> expected then
      return case when stored.token = mark then stored.version end;
    end if;
    if next is null then
      delete from ${named}.nightbus_positions p where p.name = consumer;
      return 0;
    end if;
    moved := greatest(nextval(${literal(`${named}.nightbus_versions`)}), ${named}.nightbus_micros(), stored.version + 1);
    perform setval(${literal(`${named}.nightbus_versions`)}, moved);
    insert into ${named}.nightbus_positions as p (name, version, state, token) values (consumer, moved, next, mark)
      on conflict (name) do update set version = excluded.version, state = excluded.state, token = excluded.token;
    return moved;
  end`;
  return `create or replace function ${named}.nightbus_move_1(consumer text, expected bigint, next text, mark text)
  returns bigint language plpgsql as ${literal(body)}`;
}
