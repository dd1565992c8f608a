import { deepStrictEqual } from "node:assert";
import { type Clients, ROUNDS, type Server } from "./fan-out.ts";

/** The work of one round of polls. */
export interface Polls {
  readonly connections: number;
  /** The messages after the one that warms up. Each answers all polls. */
  readonly messages: number;
}

/**
 * Returns the size of a round's crowd: from 0.7 to 1.3 of the average, the small and the large mixed. So servers that are
 * started anew get all sizes. With one size, garbage collections come at the same moment of each round.
 */
export function sizeOf(average: number, round: number): number {
  const step = ((round + ROUNDS) * 7) % ROUNDS;
  return Math.round(average * (0.7 + (0.6 * step) / (ROUNDS - 1)));
}

/** The server's processor time for holding a poll, answering it with a message, and taking the next poll, in ms. */
export async function costOfAnswer(
  server: Server,
  clients: Clients,
  { connections, messages }: Polls,
): Promise<number> {
  const { kind, port } = server;
  await clients({ do: "open", kind, port, count: connections, last: await server.ask({ do: "last" }) });
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
