import { deepStrictEqual } from "node:assert";
import type { Line } from "../harness.ts";
import { type Crowd, rounds, type Server } from "../http/fan-out.ts";
import { ratioOf } from "../http/servers.ts";
import { quantile } from "../numbers.ts";

const CROWDS = [
  { connections: 1_000, messages: 20 },
  { connections: 5_000, messages: 4 },
];

/** What it costs a server, in processor time, to hold a poll, answer it with a message, and be polled again. */
export async function* lines(): AsyncGenerator<Line> {
  for (const { connections, messages } of CROWDS) {
    const figures = await rounds({
      server: "./poll-server.ts",
      client: "./poll-client.ts",
      kinds: ["nightbus", "hand", "nightbus"],
      measure: (server, clients) => costOfAnswer(server, clients, connections, messages),
    });
    const [ours, hand, again] = figures as [number[], number[], number[]]; // as many as kinds
    const [low, ratio, high] = ratioOf(ours, hand);
    const [, control] = ratioOf(ours, again);
    const show = (ms: number): string => `${(ms * 1_000).toPrecision(3)} us`;
    yield {
      id: "H4",
      workload: `long-poll fan-out to ${connections.toLocaleString("en")}, CPU a delivery`,
      beside: "held responses by hand",
      ours: show(quantile(ours, 0.5)),
      rival: show(quantile(hand, 0.5)),
      ratio,
      low,
      high,
      control,
      target: { atMost: 1.2 },
    };
  }
}

async function costOfAnswer(
  server: Server,
  clients: (crowd: Crowd) => Promise<number>,
  connections: number,
  messages: number,
): Promise<number> {
  await clients({ do: "open", port: server.port, count: connections, last: await server.ask({ do: "last" }) });
  const round = async (): Promise<void> => {
    await clients({ do: "poll" });
    while ((await server.ask({ do: "parked" })) < connections) await new Promise((resolve) => setTimeout(resolve, 5));
    await server.ask({ do: "send", count: 1 });
    deepStrictEqual(await clients({ do: "wait", count: 1 }), connections, "not everybody was answered");
  };
  await round();
  const before = await server.ask({ do: "cpu" });
  for (let message = 0; message < messages; message += 1) await round();
  const after = await server.ask({ do: "cpu" });
  await clients({ do: "close" });
  return (after - before) / (connections * messages);
}
