import pg from "pg";
import type { describe as Describe } from "vitest";

export const DATABASE_URL = process.env["DATABASE_URL"] ?? "postgres://postgres@127.0.0.1:5432/test";

const reasons = {
  postgres: await why("DATABASE_URL", DATABASE_URL, async () => {
    const client = new pg.Client(DATABASE_URL);
    await client.connect();
    await client.end();
  }),
};

/** `describe` for what needs Postgres: it is skipped with a sentence where none answers, and fails where all must run. */
export function postgresRuns(describe: typeof Describe): (name: string, body: () => void) => void {
  return runs(describe, reasons.postgres);
}

function runs(describe: typeof Describe, reason: string | undefined): (name: string, body: () => void) => void {
  if (reason === undefined) return describe;
  if (process.env["CI"] !== undefined) throw new Error(reason);
  return (name, body) => describe.skip(`${name}: ${reason}`, body);
}

async function why(variable: string, url: string, connect: () => Promise<void>): Promise<string | undefined> {
  try {
    await connect();
    return undefined;
  } catch {
    return `nothing answers at ${url}: start it, or say where it is with ${variable}`;
  }
}
