import assert from "node:assert/strict";
import { Bus } from "nightbus";
import { type PostgresConfig, postgres } from "nightbus/postgres";
import { describe, it } from "vitest";
import { failsWith, messagesOf } from "../../../src/testing/conformance/topic.ts";
import { DATABASE_URL, postgresRuns } from "../engines.ts";
import { schemas } from "./schemas.ts";

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
});

/** How a connection is made for which this is set. */
function set(...settings: readonly string[]): PostgresConfig {
  return { connectionString: DATABASE_URL, options: settings.map((setting) => `-c ${setting}`).join(" ") };
}
