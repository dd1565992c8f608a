import { existsSync, readFileSync } from "node:fs";
import type { Scale, Spread } from "./scales.ts";

// The part of docs/performance.md by which a reader sizes a machine, from the figures beside this module.

/** The figures of `npm run bench:scale`. */
export const CROWDS = new URL("crowds.json", import.meta.url);
/** The figures of `npm run bench:processes`. */
export const PROCESSES = new URL("processes.json", import.meta.url);

const CROWDS_TEXT = `Each crowd waits on one channel of a new process, and a send wakes all of it. The clients are processes of the same machine. Times are the
median of five sends, and a kB has 1,024 bytes here. Rows H2 and H4 send to processes that have run for longer, and
take less for 1,000 clients.

- **CPU each**: the processor time of one delivery, and for a poll also of its next request. At 10 us, one core makes 100,000 deliveries a second.
- **Longest pause**: the longest time in which the process did nothing else.
- **Another request waits**: one more client asks 5 ms after each answer. This is the longest that a request of it took.`;

const PROCESSES_TEXT = `Processes share one log. 64 producers await each of their sends, and 1,000 readers hear what one more process sends. Producers
and readers are divided among the processes. Two cores carry these, the engine and the sender. So the rows of two and four processes show
the price of sharing, and not what more cores bring.`;

const ADVICE = `- **A commit is the work of one process at a time**, so the same producers send less from more processes. Here two sent 0.3 to 0.5 of what one
  did, and four 0.1 to 0.25. The readers are divided: each process holds the log, and tells its own.
- **With more cores**, start a process for each by \`node:cluster\` or behind a proxy, all with the same store. SQLite serves the processes
  of one machine, the engines those of many.
- **If one process sends most**, give it the sends of all by a route, and let the others serve readers.
- **Worker threads** are processes here: each has a bus of its own on the same store.
- **Memory** is that of the log in each process, and that of the connections. \`retention.bytes\` bounds the log.
- **Files** bound connections as well: \`ulimit -n\` has to lie above their number.`;

/** Returns the part as Markdown, with a table for each file that there is. */
export function sizingPart(): string {
  const crowds = figures<{ readonly scales: readonly Scale[] }>(CROWDS);
  const processes = figures<{ readonly spreads: readonly Spread[] }>(PROCESSES);
  const parts = [
    ...(crowds === undefined
      ? []
      : [`From \`npm run bench:scale\`, on ${crowds.where}. ${CROWDS_TEXT}`, ofCrowds(crowds.scales)]),
    ...(processes === undefined
      ? []
      : [`From \`npm run bench:processes\`, on ${processes.where}. ${PROCESSES_TEXT}`, ofProcesses(processes.spreads)]),
  ];
  return parts.length === 0 ? "" : ["## Sizing a machine", ...parts, ADVICE].join("\n\n");
}

function figures<T>(file: URL): (T & { readonly where: string }) | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as T & { readonly where: string }) : undefined; // its bench wrote it
}

function ofCrowds(scales: readonly Scale[]): string {
  const head = [
    "crowd",
    "heap each",
    "resident each",
    "until all have it",
    "CPU each",
    "longest pause",
    "another request waits",
  ];
  return table(
    head,
    scales.map((scale) => [
      `${whole(scale.connections)} ${scale.kind}`,
      `${scale.heap.toFixed(1)} kB`,
      `${scale.resident.toFixed(1)} kB`,
      `${whole(scale.wake)} ms`,
      `${scale.cpu.toFixed(1)} us`,
      `${whole(scale.pause)} ms`,
      `${whole(scale.other)} ms`,
    ]),
  );
}

function ofProcesses(spreads: readonly Spread[]): string {
  return table(
    ["store", "processes", "sends a second", "deliveries a second"],
    spreads.map(({ engine, processes, sends, deliveries }) => [
      engine,
      `${processes}`,
      rounded(sends),
      rounded(deliveries),
    ]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Two digits are as exact as a shared machine allows. */
function rounded(value: number): string {
  return whole(Number(value.toPrecision(2)));
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}
