import { costOfDelivery, heapOfStream, streamRounds } from "../http/fan-out.ts";
import { quantile } from "../numbers.ts";
import type { Point } from "./point.ts";

const COUNTS = [100, 1_000, 3_000, 10_000];
/** The deliveries of each round. */
const DELIVERIES = 50_000;

/** The server's processor time for a delivery to one of many streams, and its heap for a stream, beside rivals. */
export async function* points(): AsyncGenerator<Point> {
  for (const connections of COUNTS) {
    const messages = Math.max(3, Math.round(DELIVERIES / connections));
    const cost = await streamRounds((server, clients) => costOfDelivery(server, clients, { connections, messages }));
    const heap = await streamRounds((server, clients) => heapOfStream(server, clients, connections));
    for (const [name, kind] of KINDS) {
      const point = { curve: "streams", x: connections } as const;
      yield { ...point, series: `${name}, us of CPU a delivery`, y: quantile(cost[kind], 0.5) * 1_000 };
      yield { ...point, series: `${name}, bytes of heap a stream`, y: quantile(heap[kind], 0.5) };
    }
  }
}

const KINDS = [
  ["nightbus", "ours"],
  ["by hand", "hand"],
  ["better-sse", "betterSse"],
] as const;
