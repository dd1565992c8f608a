import type { Line } from "../harness.ts";
import { heapOfStream, streamRounds } from "../http/fan-out.ts";
import { type StreamRow, streamFloor, streamLines } from "./streams.ts";

const CONNECTIONS = 1_000;

/** The server's heap for each stream. */
export async function* lines(): AsyncGenerator<Line> {
  const row: StreamRow = {
    id: "H3",
    workload: "heap of an SSE connection",
    rounds: await streamRounds((server, clients) => heapOfStream(server, clients, CONNECTIONS)),
    show: (bytes) => `${(bytes / 1_000).toFixed(1)} kB`,
    timed: false,
    beside: { hand: { atMost: 0.9 }, betterSse: { atMost: 0.55 } },
  };
  yield* streamLines(row);
  yield streamFloor(row);
}
