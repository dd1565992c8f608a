import { MOST_GAPS } from "../../util/ids.ts";

/** Older versions lack this function, so its presence proves the newest set. */
export const NEWEST_FUNCTION = "nightbus_mend_1";

/** The gaps that one fold moves into the beginning of the log, the oldest first. */
const FOLDED = 10_000;

/** The timeout of a lock. The client waits longer for the answer, since a statement would go on without its client. */
const LOCK = "set_config('lock_timeout', '4s', true)";

/**
 * The key of a watermark that belongs to no channel, since keys of channels are JSON. Its id is the beginning of the log for
 * processes that open it.
 */
export const BEGIN = "begin";

/**
 * The key of another such watermark. Its id counts the ids that have neither a row nor a gap. If more rows are missing, another
 * program removed them.
 */
export const LOST_ROWS = "gone";

/**
 * The functions that run inside Postgres. A commit is then one round trip, and locks the counter for no longer than it takes.
 * A function with other parameters gets another name, since processes of both versions may run at once. `named` is the schema,
 * quoted.
 */
export function functions(named: string): readonly string[] {
  return [micros(named), append(named), trim(named), mend(named)];
}

function micros(named: string): string {
  return `create or replace function ${named}.nightbus_micros() returns bigint language sql volatile as ${literal(
    "select (extract(epoch from clock_timestamp()) * 1000000)::bigint",
  )}`;
}

// The outbox goes first, since its transactions committed before this one began. An epoch goes on only on the server that gave
// its ids, and only from the counter that this function wrote. A restored or copied counter names a transaction that did not
// write it. A null for the keys moves the outbox alone, and does nothing if the outbox is empty.
function append(named: string): string {
  const body = `
  declare
    meta record;
    sent record;
    here text := (extract(epoch from pg_postmaster_start_time()) * 1000000)::bigint;
  begin
    if keys is null and not exists (select from ${named}.nightbus_outbox) then return; end if;
    perform set_config('synchronous_commit', 'on', true), ${LOCK};
    select m.*, m.xmin::text::bigint as wrote into strict meta from ${named}.nightbus_meta m for update;
    was := meta.last;
    moved := false;
    stamp := greatest(meta.at, ${named}.nightbus_micros() / 1000);
    newest := was;
    if not running or meta.server <> here or meta.writer % 4294967296 <> meta.wrote or was < seen then
      began := greatest(was + 1, seen + 1, base);
      newest := began - 1;
    end if;
    for sent in
      with gone as (delete from ${named}.nightbus_outbox returning *) select * from gone order by id
    loop
      insert into ${named}.nightbus_rows (id, key, json, at, send)
        select newest + place, key, json, stamp, newest + 1
        from unnest(string_to_array(sent.keys, e'\\n'), string_to_array(sent.jsons, e'\\n')) with ordinality as s (key, json, place);
      newest := newest + cardinality(string_to_array(sent.keys, e'\\n'));
      moved := true;
    end loop;
    if keys is null and not moved then return; end if;
    if keys is not null then
      first := newest + 1;
      insert into ${named}.nightbus_rows (id, key, json, at, send)
        select first + place - 1, key, json, stamp, first + start
        from unnest(string_to_array(keys, e'\\n'), string_to_array(jsons, e'\\n'), string_to_array(starts, ',')::bigint[])
          with ordinality as s (key, json, start, place);
      newest := first + cardinality(string_to_array(keys, e'\\n')) - 1;
    end if;
    if began > was + 1 then
      insert into ${named}.nightbus_holes (before, after) values (began, was);
      if (select count(*) from ${named}.nightbus_holes) > ${MOST_GAPS} then
        with folded as (
          delete from ${named}.nightbus_holes where before in (
            select before from ${named}.nightbus_holes order by before limit ${FOLDED}
          ) returning before, after
        )
        insert into ${named}.nightbus_watermarks as known (key, id)
          select '${BEGIN}', max(before) from folded union all select '${LOST_ROWS}', sum(before - after - 1)::bigint from folded
          on conflict (key) do update
            set id = case known.key when '${LOST_ROWS}' then known.id + excluded.id else greatest(known.id, excluded.id) end;
      end if;
    else
      began := null;
    end if;
    update ${named}.nightbus_meta
      set last = newest, at = stamp, server = here, writer = pg_current_xact_id()::text::bigint;
    perform pg_notify(${literal(`nightbus ${named}`)}, newest || ' ' || node);
  end`;
  return `create or replace function ${named}.nightbus_append_1(
    node text, running boolean, seen bigint, base bigint, keys text, jsons text, starts text,
    out was bigint, out began bigint, out first bigint, out newest bigint, out stamp bigint, out moved boolean
  ) language plpgsql as ${literal(body)}`;
}

// A trim takes no lock that a commit takes. One process trims at a time, and the others come again later.
function trim(named: string): string {
  const body = `
  declare
    deleted bigint;
  begin
    if not pg_try_advisory_xact_lock(hashtextextended(${literal(`nightbus trim ${named}`)}, 0)) then return false; end if;
    perform ${LOCK};
    delete from ${named}.nightbus_rows where id = any (ids);
    get diagnostics deleted = row_count;
    if deleted > 0 then
      insert into ${named}.nightbus_watermarks as known (key, id) values ('${LOST_ROWS}', deleted)
        on conflict (key) do update set id = known.id + excluded.id;
    end if;
    insert into ${named}.nightbus_watermarks as known (key, id)
      select s.key, max(s.id) from unnest(ids, string_to_array(keys, e'\\n')) as s (id, key) group by s.key
      on conflict (key) do update set id = excluded.id where excluded.id > known.id;
    if forgotten <> '' then
      update ${named}.nightbus_floor f set id = floor where f.id < floor;
      delete from ${named}.nightbus_watermarks w where w.key = any (string_to_array(forgotten, e'\\n')) and w.id <= floor;
    end if;
    return true;
  end`;
  return `create or replace function ${named}.nightbus_trim_1(ids bigint[], keys text, forgotten text, floor bigint)
  returns boolean language plpgsql as ${literal(body)}`;
}

// A process calls this function if more rows are missing than were trimmed. The log then begins after them for processes that
// open it. An upgrade calls it to begin the count. A log without any watermark has trimmed nothing.
function mend(named: string): string {
  const body = `
  declare
    missing bigint;
    known bigint;
  begin
    perform ${LOCK};
    perform pg_advisory_xact_lock(hashtextextended(${literal(`nightbus trim ${named}`)}, 0));
    select m.last - m.begin - (select coalesce(sum(before - after - 1), 0) from ${named}.nightbus_holes)
      - (select count(*) from ${named}.nightbus_rows) into missing from ${named}.nightbus_meta m;
    select coalesce(max(id) filter (where key = '${LOST_ROWS}'), 0) into known from ${named}.nightbus_watermarks;
    if not counted and (exists (select from ${named}.nightbus_watermarks)
      or exists (select from ${named}.nightbus_floor where id > 0)) then known := missing; end if;
    if missing > known then
      insert into ${named}.nightbus_watermarks (key, id) select '${BEGIN}', last from ${named}.nightbus_meta
        on conflict (key) do update set id = excluded.id;
    end if;
    insert into ${named}.nightbus_watermarks (key, id) values ('${LOST_ROWS}', missing)
      on conflict (key) do update set id = excluded.id;
  end`;
  return `create or replace function ${named}.${NEWEST_FUNCTION}(counted boolean)
  returns void language plpgsql as ${literal(body)}`;
}

/** Writes a text as a literal of SQL that reads the same under any setting for backslashes. */
export function literal(text: string): string {
  return `e'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}
