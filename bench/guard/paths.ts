import { Bus } from "../../src/bus.ts";
import { runWindows } from "./windows.ts";

// Runs a hot path inside of the process: `paths.mjs PATH`. Its instructions are counted, so no path depends on time or chance.

const CHANNELS = Array.from({ length: 1_000 }, (_, index) => `channel ${index}`);

/** The paths by name. */
const PATHS: Readonly<Record<string, (bus: Bus) => Promise<void>>> = {
  /** One send of ten notifications, on ten of a thousand channels. */
  async send(bus) {
    let n = 0;
    await runWindows({ warmUp: 12_000, inWindow: 500 }, () => {
      n += 10;
      return bus.sendmany(entriesFrom(n, 10));
    });
  },

  /** Ten polls of one channel that are parked and woken by one send. */
  async wake(bus) {
    let n = 0;
    await runWindows({ warmUp: 6_000, inWindow: 500 }, async () => {
      const polls = Array.from({ length: 10 }, () => bus.poll(["channel 7"], bus.last, 50_000));
      n += 1;
      await bus.sendone("channel 7", { n });
      await Promise.all(polls);
    });
  },

  /** A poll of 50 of a thousand channels, 10,000 rows behind. */
  async "catch-up"(bus) {
    for (let n = 0; n < 10; n += 1) await bus.sendmany(entriesFrom(n * 1_000, 1_000));
    const channels = CHANNELS.filter((_, index) => index % 20 === 0);
    const last = bus.last - 10_000;
    await runWindows({ warmUp: 2_000, inWindow: 200 }, () => bus.poll(channels, last, 0));
  },
};

// The bus reads the machine's clock, and must not behave differently by it.
const bus = new Bus({ retention: { age: Number.POSITIVE_INFINITY, count: 1_000, total: 20_000 } });
await bus.ready();
await PATHS[process.argv[2]!]!(bus); // guard.ts gives it one of them
process.exit(); // the end of the process would take time

function entriesFrom(first: number, count: number): readonly (readonly [string, unknown])[] {
  return Array.from({ length: count }, (_, index) => [
    CHANNELS[(first + index * 7) % CHANNELS.length]!,
    { from: "user 7", text: "hello, this is a message", n: first + index },
  ]);
}
