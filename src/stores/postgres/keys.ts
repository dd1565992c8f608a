import { literal } from "./functions.ts";
import type { Ask } from "./tables.ts";

/** The most keys that one commit forgets, so that no commit takes long. */
const PORTION = 1_000;

/** Makes the table and the function of keys if they are missing. Many processes may come at once. `named` is the schema, quoted. */
export async function prepareKeys(ask: Ask, named: string): Promise<void> {
  await ask("begin isolation level read committed");
  try {
    await ask("set local lock_timeout = '4s'");
    await ask("select pg_advisory_xact_lock(hashtextextended($1, 0))", [`nightbus schema ${named}`]);
    await ask(`create table if not exists ${named}.nightbus_keys (
      name text primary key, seq bigserial unique, hash text not null, first bigint not null, at bigint not null
    )`);
    await ask(keyed(named));
    await ask("commit");
  } catch (error) {
    await ask("rollback");
    throw error;
  }
}

// The counter is locked first, so that two sends of one key wait for each other. `sizes`, `names` and `hashes` have a part for
// each send; a send without a key has an empty name. No name comes twice. The sequence grows with the time, so the oldest keys
// have the least numbers.
function keyed(named: string): string {
  const body = `
  declare
    size_of int[] := string_to_array(sizes, ',');
    name_of text[] := string_to_array(names, ',');
    hash_of text[] := string_to_array(hashes, ',');
    first_of bigint[];
    is_fresh boolean[];
    known record;
    done record;
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
    for i in 1 .. cardinality(size_of) loop
      known := null;
      if name_of[i] <> '' then
        select k.hash, k.first into known from ${named}.nightbus_keys k where k.name = name_of[i] and k.at > moment - span;
      end if;
      is_fresh[i] := name_of[i] = '' or known.first is null;
      first_of[i] := case when is_fresh[i] then null when known.hash = hash_of[i] then known.first else -1 end;
    end loop;
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
        if name_of[i] <> '' then
          insert into ${named}.nightbus_keys as k (name, hash, first, at) values (name_of[i], hash_of[i], first_of[i], moment)
            on conflict (name) do update set seq = excluded.seq, hash = excluded.hash, first = excluded.first, at = excluded.at;
        end if;
      end if;
    end loop;
    delete from ${named}.nightbus_keys k
      where k.seq in (select seq from ${named}.nightbus_keys order by seq limit ${PORTION}) and k.at <= moment - span;
    with lost as (
      delete from ${named}.nightbus_keys k
        where k.seq in (select seq from ${named}.nightbus_keys order by seq limit ${PORTION})
          and k.seq <= (select max(seq) from ${named}.nightbus_keys) - most
        returning k.at
    )
    select moment - min(at) into forgot from lost;
    was := done.was;
    began := done.began;
    first := done.first;
    newest := done.newest;
    stamp := coalesce(done.stamp, moment);
    moved := done.moved;
    firsts := array_to_string(first_of, ',');
    fresh := array_to_string(array(select case when f then 1 else 0 end from unnest(is_fresh) with ordinality as s (f, place) order by place), ',');
  end`;
  return `create or replace function ${named}.nightbus_keyed_1(
    node text, running boolean, seen bigint, base bigint, keys text, jsons text, starts text,
    sizes text, names text, hashes text, span bigint, most bigint,
    out was bigint, out began bigint, out first bigint, out newest bigint, out stamp bigint, out moved boolean,
    out firsts text, out fresh text, out forgot bigint
  ) language plpgsql as ${literal(body)}`;
}
