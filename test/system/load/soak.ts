import { measureLeaks } from "../faults/measure-leaks.ts";
import { load } from "./load.ts";
import { type LongRun, runCompressed, runInRealTime, type Stretch } from "./long.ts";

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

/** Sends 5,000 a second for so many hours on a clock that jumps, or for so many minutes. Throws if memory or latency grow. */
export async function soakLong(hours: number, minutes: number): Promise<string> {
  const tell = ({ bytes, median, high }: Stretch): void =>
    console.error(
      `${(bytes / MEGABYTE).toFixed(1)} MB, ${median.toFixed(0)} us, 99 of 100 within ${high.toFixed(0)} us`,
    );
  const compressed = hours > 0 ? [await runCompressed(hours, tell)] : [];
  const real = minutes > 0 ? [await runInRealTime(minutes, tell)] : [];
  return [...compressed, ...real].map(judged).join("; ");
}

/** Returns what a long run did. Throws unless its last third is like its middle third. */
function judged({ sends, stretches, lost }: LongRun): string {
  const third = Math.floor(stretches.length / 3);
  const mean = (of: readonly Stretch[], what: "bytes" | "median"): number =>
    of.reduce((sum, stretch) => sum + stretch[what], 0) / of.length;
  const [middle, last] = [stretches.slice(third, 2 * third), stretches.slice(-third)];
  const grown = mean(last, "bytes") - mean(middle, "bytes");
  const slower = mean(last, "median") / mean(middle, "median");
  const summary = `${sends} sends, ${(grown / MEGABYTE).toFixed(1)} MB grown, latency ${slower.toFixed(2)} of before, ${lost} lost`;
  if (lost !== 0 || grown > FLAT || slower > 1.3) throw new Error(summary);
  return summary;
}
