import { type AnyBus, Bus } from "../built.ts";
import { worstCell } from "../catch-up.ts";
import { compare, type Line, type Ready } from "../harness.ts";

const ROWS = 100_000;
const CHANNELS = 10_000;
const WANTED = 50;
/** Readers that come back in one timed run, each with its own channels. */
const READERS = 10;

interface Kept {
  readonly id: number;
  readonly channel: string;
  readonly message: { readonly n: number };
}

/** Catching up, beside a scan of all rows, and the log's choice beside the better of scan and chain. */
export async function* lines(): AsyncGenerator<Line> {
  const bus = new Bus();
  const rows = await fill(bus);
  const oldest = rows[0]!.id;
  for (const behind of [10_000, ROWS]) {
    const last = oldest - 1 + ROWS - behind;
    yield await compare({
      id: "P9",
      workload: `catch up on ${WANTED} of ${CHANNELS.toLocaleString("en")} channels, ${behind.toLocaleString("en")} behind`,
      beside: "a scan of all rows",
      ours: () => polls(bus, last),
      rival: () => scans(rows, last),
      target: { atMost: 0.1 },
      count: READERS,
      of: "reader",
    });
  }
  await bus.close();
  yield* worstCell();
}

async function fill(bus: AnyBus): Promise<readonly Kept[]> {
  const rows: Kept[] = [];
  // Something is sent before, so that a reader that lacks everything has a cursor of this run.
  await bus.sendone("before", { n: -1 });
  for (let start = 0; start < ROWS; start += 1_000) {
    const entries = Array.from({ length: 1_000 }, (_, index) => {
      const n = start + index;
      return [`channel ${(n * 7919) % CHANNELS}`, { n }] as const;
    });
    const ids = await bus.sendmany(entries);
    for (const [index, [channel, message]] of entries.entries()) rows.push({ id: ids[index]!, channel, message });
  }
  return rows;
}

function wantedBy(reader: number): readonly string[] {
  return Array.from({ length: WANTED }, (_, index) => `channel ${(reader * 331 + index * 197) % CHANNELS}`);
}

type Found = readonly { readonly id: number; readonly message: unknown }[];

function polls(bus: AnyBus, last: number): Ready<Found[]> {
  const found: Found[] = [];
  return {
    async go() {
      for (let reader = 0; reader < READERS; reader += 1) found.push(await bus.poll(wantedBy(reader), last, 0));
    },
    result: () => found.map((batch) => batch.map(({ id, message }) => ({ id, message }))),
  };
}

function scans(rows: readonly Kept[], last: number): Ready<Found[]> {
  const found: Found[] = [];
  return {
    go() {
      for (let reader = 0; reader < READERS; reader += 1) {
        const wanted = new Set(wantedBy(reader));
        found.push(rows.filter((row) => row.id > last && wanted.has(row.channel)));
      }
    },
    result: () => found.map((batch) => batch.map(({ id, message }) => ({ id, message }))),
  };
}
