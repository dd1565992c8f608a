import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Bus } from "nightbus";
import { websocket } from "nightbus/websocket";
import { eventually } from "../../support/eventually.ts";
import { frame, opened } from "./raw.ts";

/** The outcome of a crowd: what was held and heard, and bytes for each socket with both of its ends. */
export interface CrowdOutcome {
  readonly held: number;
  readonly heard: number;
  readonly bytesOfSocket: number;
  /** The bytes by which sends let memory grow. */
  readonly grown: number;
}

/** Holds so many sockets, and wakes all of them with each of so many sends. A further client reads nothing. */
export async function holdCrowd(count: number, sends: number): Promise<CrowdOutcome> {
  await using bus = new Bus({ retention: { count: 10 } });
  await bus.ready();
  const sockets = websocket(bus, { maxSockets: count + 1, maxBuffered: 8 * 2 ** 20 });
  const server = createServer().on("upgrade", sockets.upgrade).listen(0, "127.0.0.1", 4_096);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const before = memory();
  const heard = { count: 0 };
  const crowd: Socket[] = [];
  while (crowd.length < count) crowd.push(await open(port, "crowd", heard));
  const bytesOfSocket = (memory() - before) / count;
  const slow = await open(port, "large", { count: 0 });
  slow.pause();
  await eventually(
    () => `all sockets are open: ${bus.stats().sockets}`,
    () => bus.stats().sockets === count + 1,
    30_000,
  );
  const held = bus.stats().sockets;
  const start = memory();
  const message = "x".repeat(2 ** 19);
  for (let n = 1; n <= sends; n += 1) {
    await bus.sendmany([
      ["large", message],
      ["crowd", { type: "crowd", payload: n }],
    ]);
    await eventually(
      () => `${heard.count} of ${count * n} come`,
      () => heard.count === count * n,
      60_000,
    );
  }
  const grown = memory() - start;
  for (const socket of [...crowd, slow]) socket.destroy();
  server.close();
  return { held, heard: heard.count, bytesOfSocket, grown };
}

/** Opens a socket, and counts the notifications that come. */
async function open(port: number, channel: string, heard: { count: number }): Promise<Socket> {
  const socket = await opened(port);
  const data = { event_name: "subscribe", data: { channels: [channel], last: 0 } };
  socket.write(frame(0x81, JSON.stringify(data)));
  // A frame of the crowd is small, so that its first bytes come in one piece.
  socket.on("data", (bytes: Buffer) => {
    heard.count += bytes.toString("latin1").split('"type":"crowd"').length - 1;
  });
  return socket;
}

function memory(): number {
  setFlagsFromString("--expose-gc");
  // Memory outside of the heap that one collection frees is counted by the next.
  for (let round = 0; round < 2; round += 1) runInNewContext("gc")();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
