import type { Line } from "../harness.ts";
import { costOfCatchUp } from "../http/rivals/catch-up.ts";
import { besideRivals, picked } from "./rivals.ts";
import { linesBeside } from "./streams.ts";

const CROWD = { connections: 1_000, messages: 1_000 };

/** Clients that come back at once, and catch up on all that was sent while they were away. */
export async function* lines(): AsyncGenerator<Line> {
  const beside = { "recovering socket.io": "context", nchan: "context" } as const;
  const measured = await besideRivals("H8", beside, (server, clients) => costOfCatchUp(server, clients, CROWD));
  const workload = `${CROWD.connections.toLocaleString("en")} clients reconnect, ${CROWD.messages.toLocaleString("en")} notifications behind`;
  yield* linesBeside({
    ...picked(measured, ({ cpu }) => cpu / (CROWD.connections * CROWD.messages)),
    id: "H8",
    workload: `${workload}, CPU a notification`,
    show: (ms) => `${(ms * 1_000).toPrecision(3)} us`,
    timed: true,
  });
  yield* linesBeside({
    ...picked(measured, ({ ms }) => ms),
    id: "H8",
    workload: `${workload}, time until all have all`,
    show: (ms) => `${Math.round(ms)} ms`,
    timed: true,
  });
}
