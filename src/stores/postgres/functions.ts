import { MOST_GAPS } from "../shared/limits.ts";

/** A function that is there where these functions are the newest. */
export const NEWEST_FUNCTION = "nightbus_mend_1";

/** The gaps that one fold moves into the beginning of the log, the oldest first. */
const FOLDED = 10_000;

/** A commit waits for a lock for less time than its answer is waited for, since it would go on waiting without us. */
const LOCK = "set_config('lock_timeout', '4s', true)";

/**
 * Two rows of nightbus_watermarks are of no channel, whose keys are JSON: `begin` is where the log begins for those who open it,
 * and `gone` counts the ids that have neither a row nor a gap. Rows beyond them that are missing were taken away by others.
 */
export const BEGIN = "begin";
export const GONE = "gone";

/**
 * The work that the engine itself does, so that a commit is one way there and back, and the counter is locked no longer than the
 * commit takes. A function that is called in another way has another name: processes of both may run at once. `named` is the
 * schema, quoted.
 */
export function functions(named: string): readonly string[] {
  return [micros(named), append(named), trim(named), mend(named)];
}

function micros(named: string): string {
  return `create or replace function ${named}.nightbus_micros() returns bigint language sql volatile as ${literal(
    "select (extract(epoch from clock_timestamp()) * 1000000)::bigint",
  )}`;
}

// What others wrote within their transactions comes first: it was committed before this commit began. The run goes on only
// on the server that gave out its ids, from the counter that this function wrote: a row that was restored or copied was
// written by another transaction than it says. A null for the keys moves the outbox alone, and does nothing when it is empty.
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
      insert into ${named}.nightbus_gaps (before, after) values (began, was);
      if (select count(*) from ${named}.nightbus_gaps) > ${MOST_GAPS} then
        with folded as (
          delete from ${named}.nightbus_gaps where before in (
            select before from ${named}.nightbus_gaps order by before limit ${FOLDED}
          ) returning before, after
        )
        insert into ${named}.nightbus_watermarks as known (key, id)
          select '${BEGIN}', max(before) from folded union all select '${GONE}', sum(before - after - 1)::bigint from folded
          on conflict (key) do update
            set id = case known.key when '${GONE}' then known.id + excluded.id else greatest(known.id, excluded.id) end;
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

// It takes no lock that a commit takes. Of several processes one trims, and the others come again later.
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
      insert into ${named}.nightbus_watermarks as known (key, id) values ('${GONE}', deleted)
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

// A process calls it when more rows are missing than were trimmed; then the log begins after them for processes that open it. An
// upgrade calls it to begin the count. A log without any watermark has trimmed nothing.
function mend(named: string): string {
  const body = `
  declare
    missing bigint;
    known bigint;
  begin
    perform ${LOCK};
    perform pg_advisory_xact_lock(hashtextextended(${literal(`nightbus trim ${named}`)}, 0));
    select m.last - m.begin - (select coalesce(sum(before - after - 1), 0) from ${named}.nightbus_gaps)
      - (select count(*) from ${named}.nightbus_rows) into missing from ${named}.nightbus_meta m;
    select coalesce(max(id) filter (where key = '${GONE}'), 0) into known from ${named}.nightbus_watermarks;
    if not counted and (exists (select from ${named}.nightbus_watermarks)
      or exists (select from ${named}.nightbus_floor where id > 0)) then known := missing; end if;
    if missing > known then
      insert into ${named}.nightbus_watermarks (key, id) select '${BEGIN}', last from ${named}.nightbus_meta
        on conflict (key) do update set id = excluded.id;
    end if;
    insert into ${named}.nightbus_watermarks (key, id) values ('${GONE}', missing)
      on conflict (key) do update set id = excluded.id;
  end`;
  return `create or replace function ${named}.${NEWEST_FUNCTION}(counted boolean)
  returns void language plpgsql as ${literal(body)}`;
}

/** A text as a literal of SQL, which is the same whether the session takes backslashes to escape or not. */
function literal(text: string): string {
  return `e'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}
