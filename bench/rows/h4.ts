import { deepStrictEqual } from "node:assert";
import { isVoid, type Line } from "../harness.ts";
import { type Crowd, ROUNDS, rounds, type Server } from "../http/fan-out.ts";
import { ratioOf } from "../http/servers.ts";
import { quantile } from "../numbers.ts";

const CROWDS = [
  { connections: 1_000, messages: 20 },
  { connections: 5_000, messages: 6 },
];

/**
 * The server's processor time for holding a poll, answering it with a message, and taking the next poll. The crowds of
 * the rounds differ in size. With one size, garbage collections come at the same moment of each round: for one server
 * when all polls wait, for another when none does. A void crowd is measured once more.
 */
export async function* lines(): AsyncGenerator<Line> {
  for (const crowd of CROWDS) {
    const measured = await measure(crowd);
    yield* measured.some(isVoid) ? await measure(crowd) : measured;
  }
}

async function measure({ connections, messages }: (typeof CROWDS)[number]): Promise<readonly Line[]> {
  const figures = await rounds({
    server: "./poll-server.ts",
    client: "./poll-client.ts",
    kinds: ["nightbus", "hand", "floor", "nightbus"],
    measure: (server, clients, round) => costOfAnswer(server, clients, sizeOf(connections, round), messages),
  });
  const [ours, hand, floor, again] = figures as [number[], number[], number[], number[]]; // as many as kinds
  const [, control] = ratioOf(ours, again);
  const [fewest, most] = [0.7 * connections, 1.3 * connections];
  const crowds = `crowds of ${fewest.toLocaleString("en")} to ${most.toLocaleString("en")}`;
  return [
    { ...lineOf(`long-poll fan-out, ${crowds}, CPU a delivery`, ours, hand), control, target: { atMost: 1.2 } },
    {
      ...lineOf(
        `floor: ${crowds} by hand that may time out and leave, their bodies bounded in size and time`,
        floor,
        hand,
      ),
      control,
      target: undefined,
    },
  ];
}

/** From 0.7 to 1.3 of the average, the small and the large mixed, so that servers that are started anew get all kinds. */
function sizeOf(average: number, round: number): number {
  const step = ((round + ROUNDS) * 7) % ROUNDS;
  return Math.round(average * (0.7 + (0.6 * step) / (ROUNDS - 1)));
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
