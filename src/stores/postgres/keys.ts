import { isForbidden } from "./failures.ts";
import { literal } from "./functions.ts";
import { NAMED } from "./schema.ts";
import type { Ask } from "./tables.ts";

/** The most keys that one commit forgets, so that no commit takes long. */
const PORTION = 1_000;

/** Reads whether the table is there, and the body of the function. */
const FOUND = `select
  exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where ${NAMED} = $1 and c.relname = 'nightbus_keys'),
  (select p.prosrc from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where ${NAMED} = $1 and p.proname = 'nightbus_keyed_1')`;

/**
 * Makes the table and the function of keys if they are missing, and renews a function of another version. Many processes may
 * come at once. A role that may not renew the function uses the one that is there. `named` is the schema, quoted.
 */
export async function prepareKeys(ask: Ask, named: string): Promise<void> {
  const body = keyed(named);
  const [[hasTable, source]] = (await ask(FOUND, [named])) as [[string, string | null]];
  const isComplete = hasTable === "t" && source !== null;
  if (isComplete && source === body) return;
  await ask("begin isolation level read committed");
  try {
    await ask("set local lock_timeout = '4s'");
    await ask("select pg_advisory_xact_lock(hashtextextended($1, 0))", [`nightbus schema ${named}`]);
    await ask(`create table if not exists ${named}.nightbus_keys (
      name text primary key, seq bigserial unique, hash text not null, first bigint not null, at bigint not null
    )`);
    await ask(`create or replace function ${named}.nightbus_keyed_1(
      node text, running boolean, seen bigint, base bigint, keys text, jsons text, starts text,
      sizes text, names text, hashes text, span bigint, most bigint,
      out was bigint, out began bigint, out first bigint, out newest bigint, out stamp bigint, out moved boolean,
      out firsts text, out fresh text, out forgot bigint
    ) language plpgsql as ${literal(body)}`);
    await ask("commit");
  } catch (error) {
    await ask("rollback");
    if (!isComplete || !isForbidden(error)) throw error;
  }
}

// Returns the body of the function. The counter is locked first, so that of two sends with one key, the second waits for the first.
// `sizes`, `names` and `hashes` have a part for each send; a send without a key has an empty name. No name comes twice in one
// call. The sequence grows with the time, so the oldest keys have the least numbers. They are forgotten in portions, by statements
// that Postgres plans anew each time. No plan scans the table. A plan for few keys, as a vacuum counts them at night, would scan
// many for long.
function keyed(named: string): string {
  return `
  declare
    size_of int[] := string_to_array(sizes, ',');
    name_of text[] := string_to_array(names, ',');
    hash_of text[] := string_to_array(hashes, ',');
    first_of bigint[];
    is_fresh boolean[];
    known_hash text;
    known_first bigint;
    scans text := current_setting('enable_seqscan');
    done record;
    oldest record;
    added int;
    few bigint := greatest(1, least(${PORTION} / 10, most / 1000));
    last_key bigint;
    moment bigint;
    begins int := 1;
    newly int := 0;
    rows_of text[];
    texts_of text[];
    kept_keys text[] := '{}';
    kept_jsons text[] := '{}';
    kept_starts int[] := '{}';
  begin
    perform set_config('lock_timeout', '4s', true);
    select greatest(m.at, ${named}.nightbus_micros() / 1000) into strict moment from ${named}.nightbus_meta m for update;
    perform set_config('enable_seqscan', 'off', true);
    for i in 1 .. cardinality(size_of) loop
      known_first := null;
      if name_of[i] <> '' then
        select k.hash, k.first into known_hash, known_first
          from ${named}.nightbus_keys k where k.name = name_of[i] and k.at > moment - span;
      end if;
      is_fresh[i] := known_first is null;
      first_of[i] := case when known_hash = hash_of[i] then known_first else -1 end;
    end loop;
    perform set_config('enable_seqscan', scans, true);
    if true = all (is_fresh) then
      select * into done from ${named}.nightbus_append_1(node, running, seen, base, keys, jsons, starts);
    elsif true = any (is_fresh) then
      rows_of := string_to_array(keys, e'\\n');
      texts_of := string_to_array(jsons, e'\\n');
      for i in 1 .. cardinality(size_of) loop
        if is_fresh[i] then
          kept_keys := kept_keys || rows_of[begins : begins + size_of[i] - 1];
          kept_jsons := kept_jsons || texts_of[begins : begins + size_of[i] - 1];
          kept_starts := kept_starts || array_fill(newly, array[size_of[i]]);
          newly := newly + size_of[i];
        end if;
        begins := begins + size_of[i];
      end loop;
      select * into done from ${named}.nightbus_append_1(node, running, seen, base, array_to_string(kept_keys, e'\\n'),
        array_to_string(kept_jsons, e'\\n'), array_to_string(kept_starts, ','));
    else
      select * into done from ${named}.nightbus_append_1(node, running, seen, base, null, null, null);
    end if;
    newly := 0;
    for i in 1 .. cardinality(size_of) loop
      if is_fresh[i] then
        first_of[i] := done.first + newly;
        newly := newly + size_of[i];
      end if;
    end loop;
    insert into ${named}.nightbus_keys as k (name, hash, first, at)
      select s.name, s.hash, s.first, moment
        from unnest(name_of, hash_of, first_of, is_fresh) with ordinality as s (name, hash, first, is_fresh, place)
        where s.is_fresh and s.name <> '' order by s.place
      on conflict (name) do update set seq = excluded.seq, hash = excluded.hash, first = excluded.first, at = excluded.at;
    get diagnostics added = row_count;
    if added > 0 and lastval() / few > (lastval() - added) / few then
      perform set_config('enable_seqscan', 'off', true);
      for oldest in execute ${literal(`select seq, at from ${named}.nightbus_keys order by seq limit ${PORTION}`)} loop
        exit when oldest.at > moment - span and oldest.seq > lastval() - most;
        if oldest.at > moment - span then forgot := greatest(forgot, moment - oldest.at); end if;
        last_key := oldest.seq;
      end loop;
      execute ${literal(`delete from ${named}.nightbus_keys where seq <= $1`)} using last_key;
    end if;
    was := done.was;
    began := done.began;
    first := done.first;
    newest := done.newest;
    stamp := coalesce(done.stamp, moment);
    moved := done.moved;
    firsts := array_to_string(first_of, ',');
    fresh := array_to_string(is_fresh::int[], ',');
  end`;
}
