import { isVoid, type Line } from "../harness.ts";
import { rounds } from "../http/fan-out.ts";
import { costOfAnswer, sizeOf } from "../http/polling.ts";
import { installed, KINDS } from "../http/rivals/kinds.ts";
import { ratioOf } from "../http/servers.ts";
import { quantile } from "../numbers.ts";

const CONNECTIONS = 1_000;
const MESSAGES = 20;
const NCHAN = "nchan polls";

/**
 * The server's processor time for a long poll beside nchan, as context: nginx is no Node. The floor is held responses by
 * hand, the least that Node takes. A void row is measured once more.
 */
export async function* lines(): AsyncGenerator<Line> {
  if (installed("H7", [NCHAN]).length === 0) return;
  const measured = await measure();
  yield* measured.some(isVoid) ? await measure() : measured;
}

async function measure(): Promise<readonly Line[]> {
  const figures = await rounds({
    server: (kind) => (kind === NCHAN ? "./rivals/server.ts" : "./poll-server.ts"),
    client: "./poll-client.ts",
    kinds: ["nightbus", NCHAN, "hand", "nightbus"],
    measure: (server, clients, round) =>
      costOfAnswer(server, clients, { connections: sizeOf(CONNECTIONS, round), messages: MESSAGES }),
  });
  const [ours, nchan, hand, again] = figures as [number[], number[], number[], number[]]; // as many as kinds
  const [, control] = ratioOf(ours, again);
  const context = { ...lineOf("long-poll fan-out, about 1,000 parked, CPU a poll", ours, nchan), control } as const;
  const floor = lineOf("floor: about 1,000 responses held by hand in Node, CPU a poll", hand, nchan);
  return [
    { ...context, target: undefined, isContext: true },
    { ...floor, control, target: undefined },
  ];
}

function lineOf(
  workload: string,
  measured: readonly number[],
  nchan: readonly number[],
): Omit<Line, "control" | "target"> {
  const [low, ratio, high] = ratioOf(measured, nchan);
  const show = (ms: number): string => `${(ms * 1_000).toPrecision(3)} us`;
  const [ours, rival] = [show(quantile(measured, 0.5)), show(quantile(nchan, 0.5))];
  return { id: "H7", workload, beside: KINDS[NCHAN].name, ours, rival, ratio, low, high };
}
