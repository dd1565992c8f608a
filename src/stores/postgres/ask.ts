import { LONGEST_TIMER, systemClock } from "../../util/clock.ts";
import { RETRY_FOR } from "../shared/retry.ts";
import { movedOn, unlessSilent } from "../shared/silence.ts";
import type { PgClient, PgQuery } from "./driver.ts";

// The application may have told pg to read numbers in its own way. Text is the same for all.
const types: PgQuery["types"] = { getTypeParser: () => (text) => text };

/**
 * The rows that a statement answers, each a list of texts. Rejects with pg's error, also when neither an answer nor a byte of it
 * comes within five seconds: an answer may take as long as its bytes do. The connection is of no use then.
 */
export async function ask(
  client: PgClient,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly (readonly (string | null)[])[]> {
  // A timeout of the application's pool is for its own statements: pg takes the longest one that there is as none.
  const asked = client.query({ text, values, rowMode: "array", types, query_timeout: LONGEST_TIMER });
  const { rows } = await unlessSilent(asked, {
    clock: systemClock, // as pg counts its own
    ms: RETRY_FOR,
    bytes: bytesOf(values),
    moved: () => movedOn(client.connection?.stream),
    what: "an answer of Postgres",
  });
  return rows as readonly (readonly (string | null)[])[]; // as `rowMode` and `types` have it
}

function bytesOf(values: readonly unknown[]): number {
  return values.reduce<number>((sum, value) => sum + (typeof value === "string" ? value.length : 0), 0);
}
