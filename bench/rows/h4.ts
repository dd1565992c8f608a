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
      kinds: ["nightbus", "hand", "floor", "nightbus"],
      measure: (server, clients) => costOfAnswer(server, clients, connections, messages),
    });
    const [ours, hand, floor, again] = figures as [number[], number[], number[], number[]]; // as many as kinds
    const [, control] = ratioOf(ours, again);
    const crowd = connections.toLocaleString("en");
    yield { ...lineOf(`long-poll fan-out to ${crowd}, CPU a delivery`, ours, hand), control, target: { atMost: 1.2 } };
    const workload = `floor: ${crowd} polls by hand that each may time out, leave, and have a body bounded in size and time`;
    yield { ...lineOf(workload, floor, hand), control, target: undefined };
  }
}

function lineOf(
  workload: string,
  measured: readonly number[],
  hand: readonly number[],
): Omit<Line, "control" | "target"> {
  const [low, ratio, high] = ratioOf(measured, hand);
  const show = (ms: number): string => `${(ms * 1_000).toPrecision(3)} us`;
  const [ours, rival] = [show(quantile(measured, 0.5)), show(quantile(hand, 0.5))];
  return { id: "H4", workload, beside: "held responses by hand", ours, rival, ratio, low, high };
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
