import { isVoid, type Line } from "./harness.ts";
import type { Results } from "./sittings.ts";

// The part of docs/performance.md about other servers. Each plot shows the sitting with the most servers, or the newest of these.

/** One bar of a plot. */
export interface Bar {
  readonly name: string;
  readonly value: number;
}

/** The plot of one row, and the text that says what the row measures. */
export interface Beside {
  /** The name of the plot in this folder. */
  readonly file: string;
  readonly title: string;
  /** The unit of the bars. */
  readonly unit: string;
  readonly bars: readonly Bar[];
}

interface Spec extends Omit<Beside, "bars"> {
  readonly id: string;
  /** The end of the workloads that the plot shows. */
  readonly ends: string;
}

interface Topic {
  readonly heading: string;
  readonly plots: readonly Spec[];
  readonly text: string;
}

const TOPICS: readonly Topic[] = [
  {
    heading: "Fan-out",
    plots: [
      {
        id: "H6",
        ends: "CPU a delivery",
        file: "beside-fan-out.svg",
        title: "What a delivery to one of 1,000 streams costs the server",
        unit: "microseconds of CPU a delivery",
      },
      {
        id: "H6",
        ends: "memory of each of 1,000 streams",
        file: "beside-memory.svg",
        title: "The resident memory of a server for one of 1,000 streams",
        unit: "kilobytes a stream",
      },
    ],
    text: 'Row H6. Each server sends 50 messages to 1,000 open streams. Socket.IO\'s streams are WebSockets, all others are server-sent events. "By hand" is a server in Node without a library: it frames a message once, and writes the same bytes to every socket. Memory is the growth of a process by 1,000 streams, divided by their number, and the median of seven new processes.',
  },
  {
    heading: "Long polls",
    plots: [
      {
        id: "H7",
        ends: "CPU a poll",
        file: "beside-polls.svg",
        title: "What a long poll costs the server, 1,000 of them parked",
        unit: "microseconds of CPU a poll",
      },
    ],
    text: "Row H7. A message answers all parked polls, and every client polls again at once. The figure is the processor time of one poll, from the request to the answer. The bus and the server by hand get a POST with a JSON body. For nchan there is a GET with the position of the client in two headers.",
  },
  {
    heading: "Catching up at once",
    plots: [
      {
        id: "H8",
        ends: "CPU a notification",
        file: "beside-catch-up-cpu.svg",
        title: "1,000 clients return, 1,000 notifications behind: the work",
        unit: "microseconds of CPU a notification",
      },
      {
        id: "H8",
        ends: "time until all have all",
        file: "beside-catch-up-time.svg",
        title: "1,000 clients return, 1,000 notifications behind: the time",
        unit: "milliseconds",
      },
    ],
    text: "Row H8. All clients leave after one message, 1,000 messages follow, and all clients come back in the same moment. The bus reads its log, Socket.IO uses its connection state recovery, and nchan its message buffer. The first plot has the server's work for one notification to one client. The second has the time until each client has all. The clients share one core, so part of that time is theirs.",
  },
];

const HOW =
  "`npm run bench -- H6 H7 H8` starts each server in a process of its own on one core, and the clients on another core. The servers take turns, and a figure is the median of 15 rounds, all in one sitting. The processor time is what the kernel counts for the server's processes: nginx's one worker, all processes of pushpin, or the Node process. Both nginx and pushpin get their messages over HTTP, which is part of their time in H6 and H7. Every client checks that it gets each message once, and in order: a message that is lost, doubled or moved fails the run.";

const BEGINS = "<!-- `npm run report` writes the part from here -->";
const ENDS = "<!-- to here. -->";

const BY_HAND = "by hand in Node";

/** Returns the plots for which a sitting has figures. */
export function plotsOf(sittings: readonly Results[]): readonly Beside[] {
  return TOPICS.flatMap(({ plots }) => plots.flatMap((spec) => plotOf(spec, sittings)));
}

/** Returns the part of the page as Markdown, with this at its end. Empty if there are no figures. */
export function pageOf(sittings: readonly Results[], end = ""): string {
  const sections = TOPICS.flatMap(({ heading, plots, text }) => {
    const drawn = plots.flatMap((spec) => plotOf(spec, sittings));
    if (drawn.length === 0) return [];
    return [`### ${heading}`, ...drawn.map(({ file, title }) => `![${title}](../bench/${file})`), text];
  });
  const besides = sections.length === 0 ? [] : ["## Beside other servers", HOW, ...sections];
  return [...besides, ...(end === "" ? [] : [end])].join("\n\n");
}

/** Returns the page with the part between its marks replaced. Throws if the page has no marks. */
export function withPart(page: string, part: string): string {
  const [start, end] = [page.indexOf(BEGINS), page.indexOf(ENDS)];
  if (start === -1 || end < start) throw new Error(`the page lacks the marks ${BEGINS} and ${ENDS}`);
  const inside = part === "" ? "\n" : `\n\n${part}\n\n`;
  return `${page.slice(0, start + BEGINS.length)}${inside}${page.slice(end)}`;
}

function plotOf({ id, ends, ...plot }: Spec, sittings: readonly Results[]): readonly Beside[] {
  const fits = (line: Line): boolean => line.id === id && line.workload.endsWith(ends) && !isVoid(line);
  const each = sittings.map(({ lines }) => lines.filter(fits));
  const lines = each.reduce((best, some) => (some.length >= best.length ? some : best), []);
  return lines.length === 0 ? [] : [{ ...plot, bars: barsOf(lines) }];
}

/** The bars of the lines of one row: ours once, each rival, and the floor. */
function barsOf(lines: readonly Line[]): readonly Bar[] {
  const bars = lines.flatMap(({ workload, beside, ours, rival }) => {
    const mine = workload.startsWith("floor:") ? BY_HAND : "nightbus";
    return [
      { name: mine, value: Number.parseFloat(ours) },
      { name: beside, value: Number.parseFloat(rival) },
    ];
  });
  const names = new Set(bars.map(({ name }) => name));
  return [...names].map((name) => bars.find((bar) => bar.name === name)!);
}
