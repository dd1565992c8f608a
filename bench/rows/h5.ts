import type { Line } from "../harness.ts";
import { streamRounds } from "../http/fan-out.ts";
import { type StreamRow, streamFloor, streamLines } from "./streams.ts";

const MESSAGES = 2_000;

/** The time from a send to its arrival at one stream. */
export async function* lines(): AsyncGenerator<Line> {
  const row: StreamRow = {
    id: "H5",
    workload: "send to one SSE client, median",
    rounds: await streamRounds((server) => server.ask({ do: "latency", count: MESSAGES })),
    show: (ms) => `${(ms * 1_000).toFixed(0)} us`,
    timed: true,
    beside: { hand: { atMost: 1.3 }, betterSse: undefined },
  };
  yield* streamLines(row);
  yield streamFloor(row);
}
