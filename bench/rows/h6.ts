import type { Line } from "../harness.ts";
import { costOfDelivery, residentOfStream } from "../http/fan-out.ts";
import { besideRivals } from "./rivals.ts";
import { linesBeside } from "./streams.ts";

const CROWD = { connections: 1_000, messages: 50 };
const STARTS = 7;

/** Fan-out to many streams beside other servers. */
export async function* lines(): AsyncGenerator<Line> {
  yield* cost();
  yield* memory();
}

/** The server's processor time for a delivery to one of many streams, beside other servers. H2 has better-sse. */
async function* cost(): AsyncGenerator<Line> {
  const beside = {
    hand: "context",
    nchan: { atMost: 1.1 },
    pushpin: "context",
    "socket.io": "context",
    yoga: "context",
    trpc: "context",
  } as const;
  const measured = await besideRivals("H6", beside, (server, clients) => costOfDelivery(server, clients, CROWD));
  const row = { id: "H6", show: (ms: number) => `${(ms * 1_000).toPrecision(3)} us`, timed: true } as const;
  const streams = `${CROWD.connections.toLocaleString("en")} streams`;
  const [hand, nchan] = ["hand", "nchan"].map((kind) => measured.rivals.find((rival) => rival.kind === kind));
  const lines = linesBeside({ ...measured, ...row, workload: `fan-out to ${streams}, CPU a delivery` });
  yield* lines;
  if (nchan === undefined) return;
  const floor = { ...measured, ours: hand!.figures, rivals: [{ ...nchan, target: "floor" } as const] };
  const workload = `floor: one chunk framed once, by hand in Node, to ${streams}`;
  for (const line of linesBeside({ ...floor, ...row, workload })) yield { ...line, control: lines[0]!.control };
}

/** The server's resident memory for each stream. Every server is a fresh process, and has only these streams. */
async function* memory(): AsyncGenerator<Line> {
  const beside = { nchan: "context", hand: "context", "socket.io": "context" } as const;
  const measured = await besideRivals(
    "H6",
    beside,
    (server, clients) => residentOfStream(server, clients, CROWD.connections),
    { starts: STARTS },
  );
  yield* linesBeside({
    ...measured,
    id: "H6",
    workload: `resident memory of each of ${CROWD.connections.toLocaleString("en")} streams`,
    show: (bytes) => `${(bytes / 1_000).toFixed(1)} kB`,
    timed: false,
  });
}
