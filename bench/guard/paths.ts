import { Bus } from "../../src/bus.ts";

// Runs a hot path this many times: `paths.mjs PATH TIMES`. Its instructions are counted, so no path depends on time or chance.

const CHANNELS = Array.from({ length: 1_000 }, (_, index) => `channel ${index}`);

/** The paths by name. Each runs this many times. */
export const PATHS = {
  /** One send of ten notifications, on ten of a thousand channels. */
  async send(times: number): Promise<void> {
    const bus = await opened();
    for (let n = 0; n < times; n += 1) await bus.sendmany(entriesFrom(n * 10, 10));
  },

  /** Ten polls of one channel that are parked and woken by one send. */
  async wake(times: number): Promise<void> {
    const bus = await opened();
    for (let n = 0; n < times; n += 1) {
      const polls = Array.from({ length: 10 }, () => bus.poll(["channel 7"], bus.last, 50_000));
      await bus.sendone("channel 7", { n });
      await Promise.all(polls);
    }
  },

  /** A poll of 50 of a thousand channels, 10,000 rows behind. */
  async "catch-up"(times: number): Promise<void> {
    const bus = await opened();
    for (let n = 0; n < 10; n += 1) await bus.sendmany(entriesFrom(n * 1_000, 1_000));
    const channels = CHANNELS.filter((_, index) => index % 20 === 0);
    const last = bus.last - 10_000;
    for (let n = 0; n < times; n += 1) await bus.poll(channels, last, 0);
  },
} as const;

const [path, times] = process.argv.slice(2);
await PATHS[path as keyof typeof PATHS](Number(times)); // guard.ts gives it one of them
process.exit(); // the end of the process is not in the slope, but would take time

async function opened(): Promise<Bus> {
  // The bus reads the machine's clock, and must not behave differently by it.
  const bus = new Bus({ retention: { age: Number.POSITIVE_INFINITY, count: 1_000, total: 20_000 } });
  await bus.ready();
  return bus;
}

function entriesFrom(first: number, count: number): readonly (readonly [string, unknown])[] {
  return Array.from({ length: count }, (_, index) => [
    CHANNELS[(first + index * 7) % CHANNELS.length]!,
    { from: "user 7", text: "hello, this is a message", n: first + index },
  ]);
}
