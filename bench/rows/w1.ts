import type { Line } from "../harness.ts";
import { costOfDelivery } from "../http/fan-out.ts";
import { socketLines, socketRounds } from "./sockets.ts";

const CROWDS = [
  { connections: 1_000, messages: 50 },
  { connections: 5_000, messages: 10 },
];

/** The server's processor time for a delivery to one of many WebSockets. */
export async function* lines(): AsyncGenerator<Line> {
  for (const { connections, messages } of CROWDS) {
    yield* socketLines({
      id: "W1",
      workload: `WebSocket fan-out to ${connections.toLocaleString("en")}, CPU a delivery`,
      rounds: await socketRounds((server, clients) => costOfDelivery(server, clients, { connections, messages })),
      show: (ms) => `${(ms * 1_000).toPrecision(3)} us`,
      timed: true,
      beside: { hand: { atMost: 1.15 }, socketIo: { atMost: 0.85 } },
    });
  }
}
