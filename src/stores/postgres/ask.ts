import { PATIENCE } from "../shared/patience.ts";
import type { PgClient, PgQuery } from "./driver.ts";

// The application may have told pg to read numbers in its own way. Text is the same for all.
const types: PgQuery["types"] = { getTypeParser: () => (text) => text };

/** The rows that a statement answers, each a list of texts. Rejects with pg's error, also when no answer comes within five seconds. */
export async function ask(
  client: PgClient,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly (readonly (string | null)[])[]> {
  const { rows } = await client.query({ text, values, rowMode: "array", types, query_timeout: PATIENCE });
  return rows as readonly (readonly (string | null)[])[]; // as `rowMode` and `types` have it
}
