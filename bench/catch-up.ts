import { LogChannel } from "../src/log/channel.ts";
import { Ring } from "../src/log/ring.ts";
import { ChannelNumbers, select } from "../src/log/select.ts";
import { compare, type Line, type Ready } from "./harness.ts";

// Looks inside, because a bus cannot be told to read by the worse way. The bench uses the source of the log.

const ROWS = 100_000;
const LIMITS = [1_000, Number.POSITIVE_INFINITY];
const TAILS = [10_000, 30_000, ROWS];
const SHARES = [0.01, 0.1, 0.25, 0.5, 1];
/** The number of surveyed cells that are measured. */
const MEASURED = 4;
/** The time for which reads are repeated, in ms: in the survey, and in a measurement. */
const SHORT = 0.1;
const LONG_ENOUGH = 2;

type Channel = LogChannel<unknown>;

interface Kept {
  readonly ring: Ring<Channel>;
  readonly numbers: ChannelNumbers;
  /** The target of the bare ways. Arrays that are constants of a module would be faster than those of any log. */
  readonly places: Int32Array;
  readonly marks: Uint8Array;
}

interface Cell extends Kept {
  readonly name: string;
  readonly channels: readonly Channel[];
  readonly after: number;
  readonly limit: number;
}

type Way = (cell: Cell) => Int32Array;

/**
 * Compares the log's choice of a way to read with the better of a scan and the chains, over a grid of cells. Cells
 * differ in the share of matching rows, the length of the tail, the limit, and the number of matching channels. A quick
 * survey finds the worst cells, which are then measured. The line is that of the worst cell, and the floor is of the
 * same cell.
 */
export async function* worstCell(): AsyncGenerator<Line> {
  const grid = [...cells()];
  for (const cell of grid) survey(cell); // every read then runs compiled code
  const all = grid.map(survey).sort((a, b) => b.ratio - a.ratio);
  const measured: { readonly surveyed: Surveyed; readonly line: Line }[] = [];
  for (const surveyed of all.slice(0, MEASURED)) measured.push({ surveyed, line: await measure(surveyed, choice) });
  const { surveyed, line } = measured.reduce((one, other) => (other.line.ratio > one.line.ratio ? other : one));
  yield { ...line, workload: `worst of ${all.length} cells: ${line.workload}`, target: { atMost: 1.2 } };
  yield {
    ...(await measure(surveyed, counted(surveyed.better))),
    workload: `floor: the better, the rows counted before: ${line.workload}`,
  };
}

function* cells(): Generator<Cell> {
  for (const kind of ["one channel", "of 10,000 channels"]) {
    for (const share of SHARES) {
      const { kept, channels } = kind === "one channel" ? oneChannel(share) : manyChannels(share);
      for (const tail of TAILS) {
        for (const limit of LIMITS) {
          const name = `${share * 100} % match, ${kind}, tail ${tail}, limit ${limit}`;
          yield { ...kept, name, channels, after: ROWS - tail, limit };
        }
      }
    }
  }
}

function oneChannel(share: number): { kept: Kept; channels: readonly Channel[] } {
  const { kept, make } = keptRows();
  const wanted = make();
  const others = Array.from({ length: 10_000 }, make);
  // The factor has no divisor in common with 1,000, so that matches lie evenly but not in order.
  fill(kept.ring, (row) => ((row * 619) % 1_000 < share * 1_000 ? wanted : others[row % others.length]!));
  return { kept, channels: [wanted] };
}

function manyChannels(share: number): { kept: Kept; channels: readonly Channel[] } {
  const { kept, make } = keptRows();
  const all = Array.from({ length: 10_000 }, make);
  fill(kept.ring, (row) => all[(row * 7919) % all.length]!);
  return { kept, channels: all.slice(0, all.length * share) };
}

function keptRows(): { kept: Kept; make: () => Channel } {
  const kept = {
    ring: new Ring<Channel>(),
    numbers: new ChannelNumbers(),
    places: new Int32Array(ROWS + 1),
    marks: new Uint8Array(20_000),
  };
  const limits = { age: Number.POSITIVE_INFINITY, count: Number.POSITIVE_INFINITY };
  const make = (): Channel => {
    const number = kept.numbers.take();
    return new LogChannel<unknown>(`"channel ${number}"`, number, limits, 0);
  };
  return { kept, make };
}

function fill(ring: Ring<Channel>, channelOf: (row: number) => Channel): void {
  for (let row = 0; row < ROWS; row += 1) {
    const channel = channelOf(row);
    const id = row + 1;
    ring.push(channel, { id, key: channel.key, json: "{}", at: id, send: id });
    channel.newestId = id;
  }
}

interface Surveyed {
  readonly cell: Cell;
  readonly better: Way;
  /** Returns how often a read has to be repeated to be timed. */
  readonly times: number;
  readonly ratio: number;
}

function survey(cell: Cell): Surveyed {
  const ways = [choice, bareScan, bareChain] as const;
  const timesOf = (way: Way): number => Math.max(1, Math.ceil(SHORT / quickest(way, cell, 1)));
  const repeats = ways.map(timesOf);
  const [chosen, scan, chain] = ways.map((way, index) => quickest(way, cell, repeats[index]!)) as [
    number,
    number,
    number,
  ];
  const best = Math.min(scan, chain);
  return {
    cell,
    better: scan < chain ? bareScan : bareChain,
    times: Math.max(1, Math.ceil(LONG_ENOUGH / best)),
    ratio: chosen / best,
  };
}

/** Returns the shortest time of a read, in ms, over a few runs of this many reads. */
function quickest(way: Way, cell: Cell, times: number): number {
  let shortest = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 15; run += 1) {
    const start = performance.now();
    for (let read = 0; read < times; read += 1) way(cell);
    shortest = Math.min(shortest, (performance.now() - start) / times);
  }
  return shortest;
}

function measure({ cell, better, times }: Surveyed, way: Way): Promise<Line> {
  return compare({
    id: "P9",
    workload: cell.name,
    beside: `the better: ${better === bareScan ? "scan" : "chain"}`,
    ours: () => repeated(way, cell, times),
    rival: () => repeated(better, cell, times),
    target: undefined,
    count: times,
    of: "read",
  });
}

function repeated(way: Way, cell: Cell, times: number): Ready<number[]> {
  let places: Int32Array = new Int32Array();
  const go = (): void => {
    for (let run = 0; run < times; run += 1) places = way(cell);
  };
  return {
    warm() {
      for (let start = performance.now(); performance.now() < start + 20; ) go();
    },
    go,
    result: () => [...places],
  };
}

const choice: Way = ({ ring, channels, after, limit, numbers }) =>
  select(ring, channels, { after, limit }, numbers).places;

// Every row here is a send of its own, so a limit cuts exactly.
const bareScan: Way = ({ ring, channels, after, limit, places, marks }) => {
  for (const { number } of channels) marks[number] = 1;
  const length = ring.scan(after, limit, marks, places);
  for (const { number } of channels) marks[number] = 0;
  return places.subarray(0, length);
};

const bareChain: Way = ({ ring, channels, after, limit, places: all }) => {
  const start = ring.follow(channels, after, all, all.length);
  const places = all.subarray(start);
  if (channels.length > 1) places.sort();
  return places.subarray(0, Math.min(places.length, limit));
};

/** The choice looks at every channel first. */
function counted(way: Way): Way {
  return (cell) => {
    let rows = 0;
    for (const { size } of cell.channels) rows += size;
    return way({ ...cell, limit: Math.min(rows, cell.limit) });
  };
}
