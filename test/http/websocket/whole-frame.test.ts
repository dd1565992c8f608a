import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { expect, it, vi } from "vitest";
import WebSocket, * as ws from "ws";
import { type FramingPackage, learnFraming, wholeFrameOf } from "../../../src/http/websocket/whole-frame.ts";
import { type Bed, makeBed } from "./bed.ts";

/** Lengths of texts around those at which the head of a frame grows, or at which ws itself sends. */
const LENGTHS = [1, 60, 64, 100, 126, 1_000, 16_300, 16_330, 16_384, 17_000, 65_500, 65_536, 70_000];

/** Counts the writes below the sockets of a server, by wrapping them. */
function countWrites(bed: Bed): { count: number } {
  const writes = { count: 0 };
  bed.server.on("connection", (socket: Socket) => {
    const { write } = socket;
    socket.write = ((...given: Parameters<typeof write>) => {
      writes.count += 1;
      return write.apply(socket, given);
    }) as typeof write;
  });
  return writes;
}

it("messages of all lengths arrive whole and in order, between pings and pongs", async () => {
  const bed = await makeBed({ heartbeat: 1_000 });
  const client = await bed.reader(["a"]);
  for (const [n, length] of LENGTHS.entries()) {
    await bed.bus.sendone("a", `${n}`.padEnd(length, "é"));
    if (n % 3 !== 0) continue;
    await bed.pass(1_100);
    await bed.settled(client); // the client pings, too
  }
  await client.has(LENGTHS.length);
  expect(client.payloads).toEqual(LENGTHS.map((length, n) => `${n}`.padEnd(length, "é")));
  expect(client.pings).toBeGreaterThan(0);
});

it("whoever wraps the writes of a socket sees each", async () => {
  const bed = await makeBed();
  const writes = countWrites(bed);
  const client = await bed.reader(["a"]);
  const before = writes.count;
  for (let n = 0; n < 3; n += 1) await bed.bus.sendone("a", n);
  await client.has(3);
  expect(writes.count).toBeGreaterThanOrEqual(before + 3);
});

it("a message is framed once for all, as ws frames it", () => {
  learnFraming(ws as unknown as FramingPackage); // its types leave the function out
  const socket = new Duplex({ read() {}, write: (_, __, done) => done() });
  for (const length of [0, 125, 126, 16_384]) {
    const message = Buffer.alloc(length, "x");
    const whole = wholeFrameOf(message, socket);
    expect(whole).toEqual(bySending(message));
    expect(wholeFrameOf(message, socket)).toBe(whole);
  }
  expect(wholeFrameOf(Buffer.alloc(16_385), socket)).toBeUndefined();
  socket.write = (() => true) as typeof socket.write;
  expect(wholeFrameOf(Buffer.alloc(125), socket)).toBeUndefined();
});

it("a package that makes no frames sends them itself", async () => {
  vi.resetModules();
  const fresh = await import("../../../src/http/websocket/whole-frame.ts");
  const socket = new Duplex({ read() {}, write: (_, __, done) => done() });
  for (const old of [{}, { Sender: {} }, { Sender: class {} as never }]) {
    fresh.learnFraming(old);
    expect(fresh.wholeFrameOf(Buffer.from("x"), socket)).toBeUndefined();
  }
});

/** Returns the bytes that a server's socket of ws writes for a message. */
function bySending(message: Buffer): Buffer {
  const written: Buffer[] = [];
  const socket = new Duplex({
    read() {},
    write(bytes: Buffer, _, done) {
      written.push(bytes);
      done();
    },
  });
  const webSocket = new WebSocket(null as never, [], {}) as WebSocket & {
    _isServer: boolean;
    setSocket(socket: Duplex, head: Buffer, options: object): void;
  };
  webSocket.setSocket(socket, Buffer.alloc(0), { maxPayload: 1_000 });
  webSocket.send(message, { binary: false, mask: false });
  webSocket.terminate();
  return Buffer.concat(written);
}
