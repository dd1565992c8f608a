/**
 * What is done inside the engine, so that a commit is one way there and back, and the counter is locked no longer than the
 * commit takes. A function of another version has another name: processes of both may run at once. `named` is the schema, quoted.
 */
export function functions(named: string): readonly string[] {
  return [micros(named), append(named), trim(named)];
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
    perform set_config('synchronous_commit', 'on', true);
    select m.*, m.xmin::text::bigint as wrote into strict meta from ${named}.nightbus_meta m for update;
    was := meta.last;
    moved := false;
    stamp := greatest(meta.at, ${named}.nightbus_micros() / 1000);
    newest := was;
    if not running or meta.server <> here or meta.writer % 4294967296 <> meta.wrote or was < seen then
      began := greatest(was + 1, seen + 1, base, ${named}.nightbus_micros());
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
  begin
    if not pg_try_advisory_xact_lock(hashtextextended(${literal(`nightbus trim ${named}`)}, 0)) then return false; end if;
    delete from ${named}.nightbus_rows where id = any (ids);
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

/** A text as a literal of SQL, which is the same whether the session takes backslashes to escape or not. */
function literal(text: string): string {
  return `e'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}
