import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import pg from "pg";
import { createClient } from "redis";
import { describe, expect, it, onTestFinished } from "vitest";
import { ENGINES, type EngineName } from "./engines.ts";

/** Adds a line to what this engine keeps, and resolves with all lines. */
const ADD: Readonly<Record<EngineName, (connection: string, line: string) => Promise<readonly string[]>>> = {
  async postgres(connectionString, line) {
    const client = new pg.Client({ connectionString });
    await client.connect();
    try {
      await client.query("create table if not exists lines (n serial, line text)");
      await client.query("insert into lines (line) values ($1)", [line]);
      const { rows } = await client.query<{ line: string }>("select line from lines order by n");
      return rows.map((row) => row.line);
    } finally {
      await client.end();
    }
  },

  async redis(url, line) {
    const client = createClient({ url });
    await client.connect();
    try {
      await client.rPush("lines", line);
      return await client.lRange("lines", 0, -1);
    } finally {
      client.destroy();
    }
  },

  async nats(servers, line) {
    const client = await connect({ servers });
    try {
      const manager = await jetstreamManager(client);
      await manager.streams.add({ name: "lines", subjects: ["lines"] }); // the same once more is no error
      const { seq } = await jetstream(client).publish("lines", line);
      const stored = Array.from({ length: seq }, (_, n) => manager.streams.getMessage("lines", { seq: n + 1 }));
      return (await Promise.all(stored)).map((message) => message!.string());
    } finally {
      await client.close();
    }
  },
};

describe.each(Object.keys(ENGINES) as EngineName[])("a server of its own of %s", (name) => {
  const engine = ENGINES[name];
  const missing = engine.missing();

  it("keeps what it acknowledged when it is killed, and when it is stopped", async ({ skip }) => {
    if (missing !== undefined && process.env["CI"] === undefined) skip(missing);
    expect(missing).toBeUndefined();
    const instance = engine.create();
    onTestFinished(() => instance.close());
    await instance.start();
    expect(await ADD[name](instance.connection(), "one")).toEqual(["one"]);
    await instance.stop("SIGKILL");
    await expect(ADD[name](instance.connection(), "lost")).rejects.toThrow();
    await instance.start();
    expect(await ADD[name](instance.connection(), "two")).toEqual(["one", "two"]);
    await instance.stop("politely");
    await instance.start();
    expect(await ADD[name](instance.connection(), "three")).toEqual(["one", "two", "three"]);
  });
});
