import { isVoid, type Line } from "../harness.ts";
import { rounds } from "../http/fan-out.ts";
import { costOfAnswer, sizeOf } from "../http/polling.ts";
import { ratioOf } from "../http/servers.ts";
import { quantile } from "../numbers.ts";

const CROWDS = [
  { connections: 1_000, messages: 20 },
  { connections: 5_000, messages: 6 },
];

/**
 * The server's processor time for holding a poll, answering it with a message, and taking the next poll. A void crowd is
 * measured once more.
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
    measure: (server, clients, round) =>
      costOfAnswer(server, clients, { connections: sizeOf(connections, round), messages }),
  });
  const [ours, hand, floor, again] = figures as [number[], number[], number[], number[]]; // as many as kinds
  const [, control] = ratioOf(ours, again);
  const [fewest, most] = [0.7 * connections, 1.3 * connections];
  const crowds = `crowds of ${fewest.toLocaleString("en")} to ${most.toLocaleString("en")}`;
  return [
    { ...lineOf(`long-poll fan-out, ${crowds}, CPU a delivery`, ours, hand), control, target: { atMost: 1 } },
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
