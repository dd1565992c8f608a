import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** Returns the headers of a handshake, with others in place of the usual ones. */
export function handshakeHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return {
    Host: "x",
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    ...headers,
  };
}

/** Returns the text of a handshake, with other headers in place of the usual ones. */
export function handshake(headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(handshakeHeaders(headers)).map(([name, value]) => `${name}: ${value}`);
  return `GET /websocket HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`;
}

/** Resolves with a bare connection that has written this. */
export async function rawSocket(port: number, text: string | Buffer): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(text);
  return socket;
}

/** Resolves with a bare connection whose handshake is over. */
export async function opened(port: number): Promise<Socket> {
  const socket = await rawSocket(port, handshake({}));
  await once(socket, "data");
  return socket;
}

/** Returns a frame of a client, masked with zeros. `first` is its first byte. */
export function frame(first: number, payload: Buffer | string, isMasked = true): Buffer {
  const bytes = Buffer.from(payload as string);
  const mask = isMasked ? Buffer.alloc(4) : Buffer.alloc(0);
  const bit = isMasked ? 0x80 : 0;
  if (bytes.length < 126) return Buffer.concat([Buffer.from([first, bit | bytes.length]), mask, bytes]);
  const head = Buffer.alloc(10);
  head[0] = first;
  head[1] = bit | 127;
  head.writeBigUInt64BE(BigInt(bytes.length), 2);
  return Buffer.concat([head, mask, bytes]);
}

/** Resolves with the code of the close frame that ends a bare connection; undefined if it ends without one. */
export async function closeCode(socket: Socket): Promise<number | undefined> {
  let all = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    all = Buffer.concat([all, chunk]);
  });
  await once(socket, "end");
  socket.destroy();
  for (let at = 0; at + 4 <= all.length; ) {
    const length = all[at + 1]! & 0x7f; // no frame here is longer than 125 bytes
    if (all[at] === 0x88) return all.readUInt16BE(at + 2);
    at += 2 + length;
  }
  return undefined;
}
