import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Crowd } from "./fan-out.ts";

// The process of the clients: raw sockets that count the notifications which come, one message's worth on each.

const MARK = Buffer.from('"n":');
let sockets: Socket[] = [];
let counts: number[] = [];

process.on("message", async (crowd) => process.send?.(await perform(crowd as Crowd))); // fan-out.ts sends nothing else
process.on("disconnect", () => process.exit());

/** Opens streams, or waits until each has had so many notifications; answers how many came in all. */
async function perform(crowd: Crowd): Promise<number> {
  if (crowd.do === "open") return open(crowd.port, crowd.count);
  if (crowd.do === "close") return close();
  if (crowd.do !== "wait") throw new Error(`a stream does not ${crowd.do}`);
  while (counts.some((count) => count < crowd.count)) await new Promise((resolve) => setTimeout(resolve, 1));
  const sum = counts.reduce((all, count) => all + count, 0);
  counts.fill(0);
  return sum;
}

async function open(port: number, count: number): Promise<number> {
  counts = new Array<number>(count).fill(0);
  for (let index = 0; index < count; index += 1) {
    const socket = connect({ port, host: "127.0.0.1" });
    sockets.push(socket);
    socket.write("GET /events?channels=lobby HTTP/1.1\r\nHost: x\r\n\r\n");
    await once(socket, "data");
    let matched = 0; // a chunk may end inside the mark
    socket.on("data", (chunk: Buffer) => {
      for (const byte of chunk) {
        matched = byte === MARK[matched] ? matched + 1 : byte === MARK[0] ? 1 : 0;
        if (matched < MARK.length) continue;
        matched = 0;
        counts[index]! += 1;
      }
    });
  }
  return count;
}

async function close(): Promise<number> {
  const closed = sockets.map((socket) => once(socket, "close"));
  for (const socket of sockets) socket.destroy();
  await Promise.all(closed);
  sockets = [];
  return 0;
}
