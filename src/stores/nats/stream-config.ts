import { given } from "../../errors.ts";
import type { StreamConfig } from "./driver.ts";

/** The time for which JetStream recognises a message that comes twice, in ns. */
const TWICE = 120e9;

/**
 * The form of the description of a stream. The server keeps one description, even if many processes make the stream at once.
 */
export const BEGIN = /^A (?:log|set of positions) of nightbus that begins at (\d+)(?: \(new\))?$/;

/** The end of the description of a new stream, until it is settled. */
export const NEW = " (new)";

/** A use of a stream. */
export interface StreamKind {
  /** The use, for sentences. */
  readonly title: string;
  /** The subjects of the stream that begins at this id. */
  readonly subjectsOf: (name: string, begin: number) => readonly string[];
  /** True if the stream keeps the newest message of each subject only. */
  readonly keepsNewest: boolean;
}

/** The stream of a log. */
export const LOG: StreamKind = { title: "log", subjectsOf, keepsNewest: false };

/**
 * The subjects of the log that begins at this id. After a stream was deleted and made anew, a process that has not noticed
 * publishes to the old subjects, which no stream takes.
 */
export function subjectsOf(name: string, begin: number): readonly [log: string, marks: string] {
  return [`${name}.log.${begin}`, `${name}.marks.${begin}`];
}

/** The configuration of a new stream. */
export function configOf(
  { title, subjectsOf, keepsNewest }: StreamKind,
  { name, begin, replicas }: { readonly name: string; readonly begin: number; readonly replicas: number },
): StreamConfig {
  return {
    name,
    description: `A ${title} of nightbus that begins at ${begin}${NEW}`,
    subjects: subjectsOf(name, begin),
    retention: "limits",
    storage: "file",
    discard: "new",
    max_msgs: -1,
    max_bytes: -1,
    max_age: 0,
    max_msgs_per_subject: keepsNewest ? 1 : -1,
    max_msg_size: -1,
    duplicate_window: TWICE,
    num_replicas: replicas,
    allow_direct: true,
  };
}

/** The reason for which a stream of this configuration is of no use. Undefined if there is none. */
export function wrongWith(
  config: StreamConfig,
  needed: readonly string[],
  { keepsNewest }: Pick<StreamKind, "keepsNewest">,
): string | undefined {
  const { subjects = [], retention, discard, max_msgs, max_bytes, max_msgs_per_subject } = config;
  const missing = needed.find((subject) => !subjects.some((filter) => matches(filter, subject)));
  if (missing !== undefined) return `it does not take the subjects ${config.name}.>`;
  if (config.mirror !== undefined) return "it mirrors another";
  if (retention !== "limits") return `its retention is ${given(retention)} and not "limits"`;
  if (config.no_ack === true) return "it acknowledges nothing";
  if (config.sealed === true) return "it is sealed";
  if (config.deny_delete === true || config.deny_purge === true) return "it lets nobody delete what was trimmed";
  if (discard === "new" && Math.max(max_msgs, max_bytes) > 0) return "it would refuse what is sent when it is full";
  if (max_msgs_per_subject > 0 && !keepsNewest) return "it keeps only some messages of each subject";
  return undefined;
}

function matches(filter: string, subject: string): boolean {
  const [tokens, wanted] = [filter.split("."), subject.split(".")];
  if (tokens.at(-1) === ">" ? tokens.length > wanted.length : tokens.length !== wanted.length) return false;
  return tokens.every((token, index) => token === ">" || token === "*" || token === wanted[index]);
}
