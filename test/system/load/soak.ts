import { measureLeaks } from "../faults/measure-leaks.ts";
import { load } from "./load.ts";

const MEGABYTE = 2 ** 20;

/** Memory is flat if it ends at most this much above its level after the arrival of all clients, or after the first minute. */
const FLAT = 16 * MEGABYTE;

/** Loads a server for so many seconds, and throws what it does not keep. Answers what was held. */
export async function soakLoad(seconds: number, polls: number, streams: number): Promise<string> {
  const ms = seconds * 1_000;
  const report = await load({ polls, streams, ms, flatAfter: Math.min(60_000, ms / 2), crowds: 4 });
  const { full, flat, end, after, sends, reads, problems } = report;
  const megabytes = [full, flat, end, after].map(({ bytes }) => Math.round(bytes / MEGABYTE));
  const held = `${polls} polls and ${streams} streams on ${end.sockets} sockets, ${sends} sends, ${reads} notifications read`;
  const summary = `${held}; ${megabytes.join(", ")} MB when full, after a minute, at the end, and when all had gone`;
  if (problems.length > 0) throw new Error([summary, ...problems.slice(0, 20)].join("\n"));
  if (end.bytes - Math.max(full.bytes, flat.bytes) > FLAT) throw new Error(`${summary}: memory grows`);
  return summary;
}

/** Does everything so many times, and throws when more is left than can be by chance. Answers what is left. */
export async function soakLeaks(count: number): Promise<string> {
  const leaks = await measureLeaks(count);
  const lines = leaks.map(({ what, bytes }) => `${count} ${what} leave ${Math.round(bytes / 1_024)} kB`);
  const left = leaks.filter(
    ({ bytes, waiting, listeners, timers }) => bytes > 4 * MEGABYTE || waiting + listeners + timers > 0,
  );
  if (left.length > 0) throw new Error(lines.join("\n"));
  return lines.join("\n");
}
