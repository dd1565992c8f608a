import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Bus } from "nightbus";
import { websocket } from "nightbus/websocket";
import { eventually } from "../../support/eventually.ts";
import type { Clients } from "./crowd-clients.ts";

/** The outcome of a crowd: what was held and heard, and bytes of this process for each socket. */
export interface CrowdOutcome {
  readonly held: number;
  readonly heard: number;
  readonly bytesOfSocket: number;
  /** The bytes by which sends let memory grow. */
  readonly grown: number;
}

/** Holds so many sockets, and wakes all of them with each of so many sends. A further client reads nothing. */
export async function holdCrowd(
  count: number,
  sends: number,
  makeClients: (port: number) => Clients,
): Promise<CrowdOutcome> {
  await using bus = new Bus({ retention: { count: 10 } });
  await bus.ready();
  const sockets = websocket(bus, { maxSockets: count + 1, maxBuffered: 8 * 2 ** 20 });
  const server = createServer().on("upgrade", sockets.upgrade).listen(0, "127.0.0.1", 4_096);
  await once(server, "listening");
  const clients = makeClients((server.address() as AddressInfo).port);
  const isOpen = (wanted: number): Promise<void> =>
    eventually(
      () => `${wanted} sockets are open: ${bus.stats().sockets}`,
      () => bus.stats().sockets === wanted,
      120_000,
    );
  try {
    const before = memory();
    void clients.open(count, "crowd").catch(() => {}); // the sockets are counted below
    await isOpen(count);
    const bytesOfSocket = (memory() - before) / count;
    void clients.open(1, "large").catch(() => {});
    await isOpen(count + 1);
    clients.pauseLast();
    // The newest subscriptions may be on their way.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const held = bus.stats().sockets;
    const start = memory();
    const message = "x".repeat(2 ** 19);
    for (let n = 1; n <= sends; n += 1) {
      await bus.sendmany([
        ["large", message],
        ["crowd", { type: "crowd", payload: n }],
      ]);
      await eventually(
        () => `${clients.heard} of ${count * n} come`,
        () => clients.heard === count * n,
        60_000,
      );
    }
    return { held, heard: clients.heard, bytesOfSocket, grown: memory() - start };
  } finally {
    clients.close();
    server.close();
  }
}

function memory(): number {
  setFlagsFromString("--expose-gc");
  // Memory outside of the heap that one collection frees is counted by the next.
  for (let round = 0; round < 2; round += 1) runInNewContext("gc")();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
