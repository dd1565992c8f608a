import assert from "node:assert/strict";
import pg from "pg";
import { onTestFinished } from "vitest";
import { DATABASE_URL } from "../engines.ts";

/** A database of the test's own. */
export interface Database {
  readonly name: string;
  readonly url: string;
  /** A connection of the test's own to it. */
  readonly client: () => Promise<pg.Client>;
  /** Asks the server something, by another database. */
  readonly admin: pg.Client;
}

/** Makes a database, perhaps as a copy of another to which nobody is connected. The database goes with the test. */
export async function newDatabase(copied?: string): Promise<Database> {
  const name = `nightbus_${Math.random().toString(36).slice(2)}`;
  const admin = new pg.Client(DATABASE_URL);
  await admin.connect();
  await admin.query(`create database ${name} encoding 'UTF8' template ${copied ?? "template0"}`);
  onTestFinished(async () => {
    await admin.query(`drop database ${name} with (force)`);
    await admin.end();
  });
  const url = new URL(DATABASE_URL);
  url.pathname = `/${name}`;
  return {
    name,
    url: url.href,
    admin,
    async client() {
      const client = new pg.Client(url.href);
      client.on("error", () => {}); // its database may go
      await client.connect();
      onTestFinished(() => client.end());
      return client;
    },
  };
}

/** Resolves when a condition holds that a server has to be asked for. */
export async function eventually(holds: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await holds())) {
    assert.ok(performance.now() < deadline, `${what}: not within 10 s`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
