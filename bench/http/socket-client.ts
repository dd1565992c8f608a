import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Crowd } from "./fan-out.ts";

// The process of the clients: raw WebSockets that count the notifications which come, one message's worth on each.

const MARK = Buffer.from('"n":');
const HANDSHAKE = [
  "GET /websocket?EIO=4&transport=websocket&version=17.0-1 HTTP/1.1",
  "Host: 127.0.0.1",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
];
const SUBSCRIBE = JSON.stringify({ event_name: "subscribe", data: { channels: ["lobby"], last: 0 } });
const PING = Buffer.from([0x89, 0x80, 0, 0, 0, 0]);
let sockets: Socket[] = [];
let counts: number[] = [];

process.on("message", async (crowd) => process.send?.(await perform(crowd as Crowd))); // fan-out.ts sends nothing else
process.on("disconnect", () => process.exit());

/** Opens sockets, or waits until each has had so many notifications; answers how many came in all. */
async function perform(crowd: Crowd): Promise<number> {
  if (crowd.do === "open") return open(crowd.port, crowd.count);
  if (crowd.do === "close") return close();
  if (crowd.do !== "wait") throw new Error(`a socket does not ${crowd.do}`);
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
    socket.write(`${HANDSHAKE.join("\r\n")}\r\n\r\n`);
    await begin(socket);
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

/** Resolves when the server will send to this socket. */
async function begin(socket: Socket): Promise<void> {
  let text = "";
  const reads = async (isThere: () => boolean): Promise<void> => {
    while (!isThere()) text += String((await once(socket, "data"))[0] as Buffer);
  };
  await reads(() => text.includes("\r\n\r\n"));
  if (/x-socket-io/i.test(text)) {
    await reads(() => text.includes("0{"));
    socket.write(masked("40"));
    await reads(() => text.includes("40{"));
    return;
  }
  const { length } = text;
  socket.write(Buffer.concat([masked(SUBSCRIBE), PING]));
  await reads(() => text.length > length); // the pong
}

/** Returns a text frame, masked with zeros. The text is ASCII and has less than 126 bytes. */
function masked(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
}

async function close(): Promise<number> {
  const closed = sockets.map((socket) => once(socket, "close"));
  for (const socket of sockets) socket.destroy();
  await Promise.all(closed);
  sockets = [];
  return 0;
}
