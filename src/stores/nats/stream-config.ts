import { given } from "../../errors.ts";
import type { StreamConfig } from "./driver.ts";

/**
 * The subjects of the log that begins at this id. After a stream was deleted and made anew, a process that has not noticed
 * publishes to the old subjects, which no stream takes.
 */
export function subjectsOf(name: string, begin: number): readonly [log: string, marks: string] {
  return [`${name}.log.${begin}`, `${name}.marks.${begin}`];
}

/** The reason for which a stream of this configuration cannot hold a log. Undefined if it can. */
export function wrongWith(config: StreamConfig, needed: readonly string[]): string | undefined {
  const { subjects = [], retention, discard, max_msgs, max_bytes, max_msgs_per_subject } = config;
  const missing = needed.find((subject) => !subjects.some((filter) => matches(filter, subject)));
  if (missing !== undefined) return `it does not take the subjects ${config.name}.>`;
  if (config.mirror !== undefined) return "it mirrors another";
  if (retention !== "limits") return `its retention is ${given(retention)} and not "limits"`;
  if (config.no_ack === true) return "it acknowledges nothing";
  if (config.sealed === true) return "it is sealed";
  if (config.deny_delete === true || config.deny_purge === true) return "it lets nobody delete what was trimmed";
  if (discard === "new" && Math.max(max_msgs, max_bytes) > 0) return "it would refuse what is sent when it is full";
  if (max_msgs_per_subject > 0) return "it keeps only some messages of each subject";
  return undefined;
}

function matches(filter: string, subject: string): boolean {
  const [tokens, wanted] = [filter.split("."), subject.split(".")];
  if (tokens.at(-1) === ">" ? tokens.length > wanted.length : tokens.length !== wanted.length) return false;
  return tokens.every((token, index) => token === ">" || token === "*" || token === wanted[index]);
}
