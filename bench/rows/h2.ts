import type { Line } from "../harness.ts";
import { costOfDelivery, streamRounds } from "../http/fan-out.ts";
import { streamLines } from "./streams.ts";

const CROWDS = [
  { connections: 1_000, messages: 50, betterSse: 0.95 },
  { connections: 5_000, messages: 10, betterSse: 0.85 },
];

/** The server's processor time for a delivery to one of many streams. */
export async function* lines(): AsyncGenerator<Line> {
  for (const { connections, messages, betterSse } of CROWDS) {
    yield* streamLines({
      id: "H2",
      workload: `SSE fan-out to ${connections.toLocaleString("en")}, CPU a delivery`,
      rounds: await streamRounds((server, clients) => costOfDelivery(server, clients, { connections, messages })),
      show: (ms) => `${(ms * 1_000).toPrecision(3)} us`,
      timed: true,
      beside: { hand: { atMost: 0.8 }, chunk: { atMost: 1.15 }, betterSse: { atMost: betterSse } },
    });
  }
}
