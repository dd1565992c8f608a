import assert from "node:assert/strict";
import { Bus } from "nightbus";
import { type PostgresConfig, postgres } from "nightbus/postgres";
import { describe, it } from "vitest";
import { failsWith, messagesOf } from "../../../src/testing/conformance/bus/topic.ts";
import { DATABASE_URL, postgresRuns } from "../engines.ts";
import { type Schema, schemas } from "./schemas.ts";

describe("the schema that postgres() takes", () => {
  it("is one that can be named in a notification, whose names have 63 bytes", async () => {
    for (const schema of ["é".repeat(26), "😀".repeat(13), '"'.repeat(26), "lone \ud800"]) {
      await failsWith("bad_option", () => postgres("postgres:", { schema }), "schema must be a name of 1 to 50 bytes");
    }
  });
});

postgresRuns(describe)("a store on a Postgres with settings of its own", () => {
  const schema = schemas();

  it("is told of commits by every name of a schema, also where backslashes escape", async () => {
    const { client } = schema();
    const admin = await client();
    for (const name of ["nb $$ $body$", "nb \\n \\' '", '"'.repeat(25), "é".repeat(25), "nb\nline"]) {
      const config = set("standard_conforming_strings=off");
      const [sender, reader] = [config, DATABASE_URL].map(
        (each) => new Bus({ store: postgres(each, { schema: name }) }),
      );
      try {
        await Promise.all([sender!.ready(), reader!.ready()]);
        const { last } = reader!;
        const poll = reader!.poll(["a"], last, 2_000);
        await sender!.sendone("a", name);
        assert.deepEqual(messagesOf(await poll), [name]);
      } finally {
        await Promise.all([sender!.close(), reader!.close()]);
        await admin.query(`drop schema if exists "${name.replaceAll('"', '""')}" cascade`);
      }
    }
  });

  it("goes on with the run, in whatever zone and style a session writes its times", async () => {
    const { name } = schema();
    const buses = [set("timezone=UTC"), set("timezone=Asia/Tokyo", "datestyle=German")].map(
      (config) => new Bus({ store: postgres(config, { schema: name }) }),
    );
    try {
      for (const bus of buses) await bus.sendone("a", "begins the run of its process");
      const ids: number[] = [];
      for (let step = 0; step < 6; step += 1) ids.push(await buses[step % 2]!.sendone("a", step));
      assert.deepEqual(
        ids,
        ids.map((_, index) => ids[0]! + index),
      );
    } finally {
      for (const bus of buses) await bus.close();
    }
  });

  it("needs no right to make schemas where its own is there", async () => {
    await asRole(schema(), async ({ open, makeSchema }) => {
      await using refused = open();
      const error = await failsWith("store", () => refused.ready(), "could not be opened", "permission denied");
      assert.equal(error.refused, true);
      await makeSchema();
      await using bus = open();
      assert.ok((await bus.sendone("a", 1)) > 0);
    });
  });

  it("makes a log anew that was dropped, also when it may do so only later", async () => {
    await asRole(schema(), async ({ open, dropSchema, makeSchema }) => {
      await makeSchema();
      await using bus = open();
      const last = await bus.sendone("a", "lost");
      await dropSchema();
      await failsWith("store", () => bus.sendone("a", "refused"), "permission denied");
      await makeSchema();
      await bus.sendone("a", "new");
      const batch = await bus.poll(["a"], last, 0);
      assert.deepEqual([messagesOf(batch), batch.missed], [["new"], true]);
    });
  });

  it("sends with keys by a function that only another role may renew", async () => {
    const place = schema();
    const admin = await place.client();
    await asRole(place, async ({ open, role }) => {
      const owner = place.bus();
      const ids = [await owner.sendone("a", 0, { key: "k" })];
      await admin.query(`grant usage on schema "${place.name}" to ${role}`);
      await admin.query(`grant all on all tables in schema "${place.name}" to ${role}`);
      await admin.query(`grant all on all sequences in schema "${place.name}" to ${role}`);
      for (const version of ["this", "another"]) {
        await using guest = open();
        ids.push(await guest.sendone("a", 0, { key: "k" }));
        await guest.sendone("a", version, { key: version });
        const { rows } = await admin.query(SOURCE, [place.name]);
        await admin.query(rows[0].definition.replace("declare", "declare -- another version"));
      }
      const renewing = place.bus();
      ids.push(await renewing.sendone("a", 0, { key: "k" }));
      assert.doesNotMatch((await admin.query(SOURCE, [place.name])).rows[0].definition, /another version/);
      assert.equal(new Set(ids).size, 1);
    });
  });
});

/** Reads how the function of keys was made. */
const SOURCE = `select pg_get_functiondef(p.oid) as definition from pg_proc p
  join pg_namespace n on n.oid = p.pronamespace where n.nspname = $1 and p.proname = 'nightbus_keyed_1'`;

/** Returns a connection with this setting. */
function set(...settings: readonly string[]): PostgresConfig {
  return { connectionString: DATABASE_URL, options: settings.map((setting) => `-c ${setting}`).join(" ") };
}

interface AsRole {
  readonly role: string;
  /** A bus of this role on its schema. */
  open(): Bus;
  makeSchema(): Promise<unknown>;
  dropSchema(): Promise<unknown>;
}

/** Works as a role that may make no schemas, and goes afterwards. */
async function asRole({ name, client }: Schema, work: (as: AsRole) => Promise<void>): Promise<void> {
  const admin = await client();
  const role = name.replaceAll(" ", "_");
  const url = new URL(DATABASE_URL);
  url.username = role;
  const dropSchema = () => admin.query(`drop schema if exists "${name}" cascade`);
  await admin.query(`create role ${role} login nosuperuser`);
  try {
    await work({
      role,
      open: () => new Bus({ store: postgres(url.href, { schema: name }) }),
      makeSchema: () => admin.query(`create schema "${name}" authorization ${role}`),
      dropSchema,
    });
  } finally {
    await dropSchema();
    await admin.query(`drop role ${role}`);
  }
}
