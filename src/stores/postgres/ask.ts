import { LONGEST_TIMER, systemClock } from "../../util/clock.ts";
import { RETRY_FOR } from "../shared/retry.ts";
import { movedOn, unlessSilent } from "../shared/silence.ts";
import type { PgClient, PgQuery } from "./driver.ts";

// The application may have changed the types that pg reads. As text, each value reads the same.
const types: PgQuery["types"] = { getTypeParser: () => (text) => text };

/**
 * Runs a statement, and resolves with its rows, each a list of texts. Rejects with pg's error, or with an Error of its own after five seconds or more without
 * a byte of the answer. A large answer may take as long as its bytes do. After a rejection for silence the connection is
 * useless.
 */
export async function ask(
  client: PgClient,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly (readonly (string | null)[])[]> {
  // A timeout of the application's pool is meant for its own statements. The longest timer replaces it.
  const asked = client.query({ text, values, rowMode: "array", types, query_timeout: LONGEST_TIMER });
  const { rows } = await unlessSilent(asked, {
    clock: systemClock, // as pg counts its own
    ms: RETRY_FOR,
    bytes: bytesOf(values),
    moved: () => movedOn(client.connection?.stream),
    what: "an answer of Postgres",
  });
  return rows as readonly (readonly (string | null)[])[]; // as `rowMode` and `types` ask for
}

function bytesOf(values: readonly unknown[]): number {
  return values.reduce<number>((sum, value) => sum + (typeof value === "string" ? value.length : 0), 0);
}
