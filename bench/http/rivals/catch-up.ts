import { deepStrictEqual } from "node:assert";
import type { Clients, Server } from "../fan-out.ts";

/** The price of one crowd that catches up. */
export interface CatchUp {
  /** The server's processor time, from the first connection to the last message, in ms. */
  readonly cpu: number;
  /** The time until every client has everything, in ms. */
  readonly ms: number;
}

/**
 * Lets clients leave, sends while they are away, and measures their return. Throws if one does not get every message
 * once and in order.
 */
export async function costOfCatchUp(
  server: Server,
  clients: Clients,
  { connections, messages }: { readonly connections: number; readonly messages: number },
): Promise<CatchUp> {
  const { kind, port } = server;
  await clients({ do: "open", kind, port, count: connections });
  await server.ask({ do: "send", count: 1 }); // a client has a position once a message came
  await clients({ do: "wait", count: 1 });
  await clients({ do: "leave" });
  await server.ask({ do: "send", count: messages });
  const before = await server.ask({ do: "cpu" });
  const start = performance.now();
  await clients({ do: "resume" });
  const came = await clients({ do: "wait", count: messages });
  const ms = performance.now() - start;
  const cpu = (await server.ask({ do: "cpu" })) - before;
  const later = await clients({ do: "close" });
  deepStrictEqual([came, later], [connections * messages, 0], "not everybody caught up on everything once");
  return { cpu, ms };
}
