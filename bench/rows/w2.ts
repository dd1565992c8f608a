import type { Line } from "../harness.ts";
import { heapOfStream } from "../http/fan-out.ts";
import { socketLines, socketRounds } from "./sockets.ts";

const CONNECTIONS = 1_000;

/** The server's heap for each WebSocket. */
export async function* lines(): AsyncGenerator<Line> {
  yield* socketLines({
    id: "W2",
    workload: "heap of a WebSocket",
    rounds: await socketRounds((server, clients) => heapOfStream(server, clients, CONNECTIONS)),
    show: (bytes) => `${(bytes / 1_000).toFixed(1)} kB`,
    timed: false,
    beside: { hand: { atMost: 1.3 }, socketIo: { atMost: 0.85 } },
  });
}
