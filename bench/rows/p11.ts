import { setImmediate as nextTurn } from "node:timers/promises";
import { Bus, hubOf } from "../../src/bus.ts";
import { framesOf } from "../../src/http/sse/frames.ts";
import { Pieces } from "../../src/http/writing/pieces.ts";
import { compare, type Line, type Ready } from "../harness.ts";

// Looks inside, because a bus cannot be told to encode without a connection.

const READERS = 1_000;
const MESSAGES = 200;

/** One message as bytes for many readers, beside serialising it for each. */
export async function* lines(): AsyncGenerator<Line> {
  const bus = new Bus();
  await bus.ready();
  yield await compare({
    id: "P11",
    workload: `one message encoded for ${READERS.toLocaleString("en")} readers`,
    beside: "serialising for each",
    ours: () => shared(bus),
    rival: forEach,
    target: { atMost: 0.05 },
    count: MESSAGES * READERS,
    of: "reader",
  });
  await bus.close();
  yield await compare({
    id: "P11",
    workload: "floor: one message encoded by hand, its bytes given to 1,000 functions in an array",
    beside: "serialising for each",
    ours: toEach,
    rival: forEach,
    target: undefined,
    count: MESSAGES * READERS,
    of: "reader",
  });
}

function toEach(): Ready<number> {
  const id = 870_000_000_000_000;
  let bytes = 0;
  const readers = Array.from({ length: READERS }, () => (frame: Buffer): void => {
    bytes += frame.length;
  });
  const go = (): void => {
    for (let n = 0; n < MESSAGES; n += 1) {
      const notification = { id: id + n, channel: "lobby", message: messageOf(n) };
      const frame = Buffer.from(`id: ${notification.id}\ndata: ${JSON.stringify(notification)}\n\n`);
      for (const reader of readers) reader(frame);
    }
  };
  return { warm: go, go, result: () => bytes };
}

async function shared(bus: Bus): Promise<Ready<number>> {
  const hub = hubOf(bus);
  const stops: (() => void)[] = [];
  let bytes = 0;
  for (let index = 0; index < READERS; index += 1) {
    const following = await hub.follow(['"lobby"'], bus.last, { limit: 1_000, size: 2 ** 20 });
    following.next({
      take(answer) {
        const frames = framesOf(answer);
        bytes += frames instanceof Pieces ? frames.size : frames.length;
        return true;
      },
    });
    stops.push(() => following.stop());
  }
  const go = async (): Promise<void> => {
    for (let n = 0; n < MESSAGES; n += 1) {
      await bus.sendone("lobby", messageOf(n));
      await nextTurn(); // a turn has room for so many readers
    }
  };
  return {
    warm: go,
    go,
    result() {
      for (const stop of stops) stop();
      return bytes;
    },
  };
}

function forEach(): Ready<number> {
  const id = 870_000_000_000_000;
  let bytes = 0;
  const go = (): void => {
    for (let n = 0; n < MESSAGES; n += 1) {
      const notification = { id: id + n, channel: "lobby", message: messageOf(n) };
      for (let reader = 0; reader < READERS; reader += 1) {
        bytes += Buffer.from(`id: ${notification.id}\ndata: ${JSON.stringify(notification)}\n\n`).length;
      }
    }
  };
  return { warm: go, go, result: () => bytes };
}

function messageOf(n: number): unknown {
  return { from: "user 7", text: "hello, this is a message that many read", n, tags: ["one", "two", "three"] };
}
