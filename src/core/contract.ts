import { BusError, given } from "../errors.ts";
import { keyOf } from "../notification.ts";
import type { MessageIssue, Schema, SchemaIssue, SchemaResult } from "../schema.ts";
import type { PendingRow } from "../store.ts";
import type { Clock } from "../util/clock.ts";
import { inTime } from "../util/in-time.ts";
import { isThenable } from "../util/thenable.ts";
import { inBounds, jsonOf, listOf, pairOf, type SendLimits } from "./serialise.ts";

/** The longest wait for a schema, in ms. Later sends wait behind it. */
const LONGEST = 10_000;

/** The most issues of an error. A large message may have as many as it has parts. */
const MOST_ISSUES = 100;

/** The name whose schema holds for all names without one of their own. */
const ANY = "*";

/** Checks sent messages by the schemas of their channels, and serialises the schemas' values in their place. */
export class ContractCheck {
  readonly #schemas: ReadonlyMap<string, Schema>;
  readonly #clock: Clock;
  /** Schemas that once returned a promise. They get a copy at once. */
  readonly #waiting = new Set<Schema>();

  /** Throws `bad_option` unless each value is a schema of Standard Schema 1. */
  constructor(channels: unknown, clock: Clock) {
    this.#schemas = new Map(Object.entries(checkSchemas(channels)));
    this.#clock = clock;
  }

  /** The schemas by name. */
  get schemas(): ReadonlyMap<string, Schema> {
    return this.#schemas;
  }

  /**
   * Returns the rows of entries; a promise if a schema waits. Nothing is read later but the values of schemas that wait, so that
   * later changes to the entries have no effect. Throws or rejects with `bad_channel` or `bad_message`.
   */
  serialise(entries: unknown, limits: SendLimits): readonly PendingRow[] | Promise<readonly PendingRow[]> {
    const rows: (PendingRow | Promise<PendingRow>)[] = [];
    try {
      for (const entry of listOf(entries)) rows.push(this.#row(entry, limits));
    } catch (error) {
      Promise.allSettled(rows); // the error settles the send, so nobody hears of these
      throw error;
    }
    const isWaiting = rows.some((row) => row instanceof Promise);
    if (isWaiting) return Promise.all(rows).then((settled) => inBounds(settled, limits));
    return inBounds(rows as PendingRow[], limits); // none of them is a promise
  }

  #row(entry: unknown, limits: SendLimits): PendingRow | Promise<PendingRow> {
    const [channel, message] = pairOf(entry);
    const key = keyOf(channel);
    const name = (Array.isArray(channel) ? channel[0] : channel) as string; // keyOf has looked
    const schema = this.#schemas.get(name) ?? this.#schemas.get(ANY);
    if (schema === undefined) throw this.#unknown(name);
    const result = this.#ask(schema, name, message);
    if (!(result instanceof Promise)) return { key, json: jsonOf(checkedValue(name, result), limits) };
    return this.#within(result, name).then((settled) => ({ key, json: jsonOf(checkedValue(name, settled), limits) }));
  }

  // A schema that waits gets a copy, because the caller may change the message meanwhile. Only its promise shows that it
  // waits, so its first answer is dropped.
  #ask(schema: Schema, name: string, message: unknown): SchemaResult<unknown> | Promise<SchemaResult<unknown>> {
    const isCopied = this.#waiting.has(schema);
    const result = ask(schema, name, isCopied ? copyOf(name, message) : message);
    if (!(result instanceof Promise) || isCopied) return result;
    result.catch(() => {});
    this.#waiting.add(schema);
    return ask(schema, name, copyOf(name, message));
  }

  #within<T>(result: Promise<T>, name: string): Promise<T> {
    const sentence = `the schema of ${given(name)} has not answered within ${LONGEST / 1_000} s`;
    // The schema may itself use a bus, whose error is none of this send.
    const answer = result.catch((cause) => {
      throw schemaFailed(name, cause);
    });
    return inTime(this.#clock, LONGEST, answer, () => noAnswer(sentence));
  }

  #unknown(name: string): BusError {
    const known = [...this.#schemas.keys()].map((one) => given(one)).slice(0, 20);
    return new BusError(
      "bad_channel",
      `no schema of this bus has the name ${given(name)}; it has ${known.join(", ") || "none"}`,
    );
  }
}

function checkSchemas(channels: unknown): Readonly<Record<string, Schema>> {
  if (typeof channels !== "object" || channels === null) {
    throw new BusError("bad_option", `channels must be an object of schemas by name, got ${given(channels)}`);
  }
  for (const [name, schema] of Object.entries(channels)) {
    const standard = (Object(schema) as Partial<Schema>)["~standard"];
    if (standard?.version === 1 && typeof standard.validate === "function" && name !== "") continue;
    throw new BusError(
      "bad_option",
      `channels must have names, and schemas of Standard Schema 1 (Zod, Valibot, ArkType and others make them); the one of ${given(name)} is ${given(schema)}`,
    );
  }
  return channels as Readonly<Record<string, Schema>>; // the loop checked each
}

function ask(schema: Schema, name: string, message: unknown): SchemaResult<unknown> | Promise<SchemaResult<unknown>> {
  try {
    const result = schema["~standard"].validate(message);
    // Some libraries return promises of another realm or of their own.
    return isThenable(result) ? Promise.resolve(result as PromiseLike<SchemaResult<unknown>>) : result;
  } catch (cause) {
    throw schemaFailed(name, cause);
  }
}

function copyOf(name: string, message: unknown): unknown {
  try {
    return structuredClone(message);
  } catch (cause) {
    throw new BusError(
      "bad_message",
      `the schema of ${given(name)} waits, so the message is copied, and this one cannot be: ${given(message)}`,
      { cause },
    );
  }
}

function checkedValue(name: string, result: SchemaResult<unknown>): unknown {
  if (typeof result !== "object" || result === null || !(result.issues === undefined || isIssues(result.issues))) {
    throw noAnswer(`the schema of ${given(name)} must answer as Standard Schema does, got ${given(result)}`);
  }
  if (result.issues === undefined) return result.value;
  const issues = result.issues.slice(0, MOST_ISSUES).map(issueOf);
  const [first] = issues;
  const where = first === undefined || first.path.length === 0 ? "" : ` at ${first.path.join(".")}`;
  const more = result.issues.length > 1 ? `, and ${result.issues.length - 1} more` : "";
  throw new BusError(
    "bad_message",
    `the message breaks the schema of ${given(name)}${where}: ${first?.message ?? "no reason was given"}${more}`,
    { issues },
  );
}

function isIssues(given: unknown): boolean {
  return Array.isArray(given) && given.every((issue) => typeof issue === "object" && issue !== null);
}

function issueOf({ message, path = [] }: SchemaIssue): MessageIssue {
  const keys = Array.from(path, (part) => (typeof part === "object" ? part.key : part)); // a library's path may be no plain array
  return { path: keys.map((key) => (typeof key === "symbol" ? String(key) : key)), message };
}

function schemaFailed(name: string, cause: unknown): BusError {
  return noAnswer(`the schema of ${given(name)} threw instead of an answer; see cause`, { cause });
}

/** Returns the error of a schema that has failed. The message may be right, and a client that sent it is not to blame. */
function noAnswer(sentence: string, options: ErrorOptions = {}): BusError {
  return new BusError("bad_message", sentence, { ...options, unavailable: true });
}
