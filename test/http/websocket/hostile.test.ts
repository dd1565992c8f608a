import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { turns, until } from "../../../src/testing/conformance/bus/topic.ts";
import { makeBed } from "./bed.ts";
import { closeCode, frame, handshake, opened, rawSocket } from "./raw.ts";

const TEXT = 0x81;
const MEGABYTE = 2 ** 20;

describe("hostile bytes", () => {
  const huge = Buffer.from([TEXT, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
  const two63 = Buffer.from([TEXT, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  it.each([
    ["an unmasked frame", frame(TEXT, "{}", false), 1002],
    ["a reserved bit", frame(0xc1, "{}"), 1002],
    ["a reserved opcode", frame(0x83, "{}"), 1002],
    ["a continuation of nothing", frame(0x80, "{}"), 1002],
    ["a ping in parts", frame(0x09, "{}"), 1002],
    ["a ping of 126 bytes", frame(0x89, "x".repeat(126)), 1002],
    ["a text inside of a text", Buffer.concat([frame(0x01, "{"), frame(TEXT, "}")]), 1002],
    ["a close of one byte", frame(0x88, "x"), 1002],
    ["a close with a code that is none", frame(0x88, Buffer.from([0, 1])), 1002],
    ["bad UTF-8", frame(TEXT, Buffer.from([0xff, 0xfe])), 1007],
    [
      "half a character at the end of the parts",
      Buffer.concat([frame(0x01, "a"), frame(0x80, Buffer.from([0xc3]))]),
      1007,
    ],
    ["a length of nearly 2^63", huge, 1009],
    ["a length of 2^63", two63, 1009],
    ["a megabyte and a byte", frame(TEXT, "x".repeat(MEGABYTE + 1)), 1009],
  ])("end their own socket alone: %s", async (_, bytes, code) => {
    const bed = await makeBed();
    const neighbour = await bed.reader(["a"]);
    const socket = await opened(bed.port);
    socket.write(bytes);
    expect(await closeCode(socket)).toBe(code);
    await bed.bus.sendone("a", 1);
    await neighbour.has(1);
    expect([bed.errors, bed.bus.stats()]).toMatchObject([[], { badFrames: 1 }]);
    await until(() => bed.bus.stats().sockets === 1, "the hostile socket has gone");
  });

  it("take a text in parts, with pings between them, as one frame", async () => {
    const bed = await makeBed();
    const socket = await opened(bed.port);
    const text = JSON.stringify({ event_name: "subscribe", data: { channels: ["ä"], last: bed.bus.last } });
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += 1) {
      const first = (at === 0 ? 0x01 : 0) | (at === bytes.length - 1 ? 0x80 : 0);
      socket.write(frame(first, bytes.subarray(at, at + 1)));
      if (at === 5) socket.write(frame(0x89, ""));
    }
    await turns(10);
    await bed.bus.sendone("ä", "heard");
    let heard = "";
    socket.on("data", (chunk) => {
      heard += String(chunk);
    });
    await until(() => heard.includes("heard"), "the notification comes");
    socket.destroy();
  });

  it("are read no further after a flood", async () => {
    const bed = await makeBed({ channels: () => [] });
    const socket = await opened(bed.port);
    const closed = closeCode(socket);
    const flood = Buffer.concat(Array.from({ length: 5_000 }, () => frame(TEXT, '{"event_name":"subscribe"}')));
    socket.write(flood);
    await turns(20);
    bed.clock.advance(1_000);
    expect(await closed).toBe(1013);
    expect(bed.bus.stats()).toMatchObject({ sockets: 0, badFrames: 10 });
  });

  it("of a handshake that never ends hold no socket", async () => {
    const bed = await makeBed();
    const socket = await rawSocket(bed.port, handshake({}).slice(0, -4));
    await turns();
    expect(bed.bus.stats().sockets).toBe(0);
    expect(bed.server.headersTimeout).toBeGreaterThan(0);
    socket.destroy();
  });

  it("that break off leave nothing behind", async () => {
    const bed = await makeBed({ channels: () => new Promise(() => {}) });
    for (const bytes of [Buffer.alloc(0), frame(TEXT, "x".repeat(1_000)).subarray(0, 500), frame(0x01, "{")]) {
      const socket = await opened(bed.port);
      socket.write(frame(TEXT, '{"event_name":"subscribe","data":{"channels":["a"]}}'));
      socket.write(bytes);
      await turns(6);
      socket.destroy();
      await once(socket, "close");
    }
    await until(() => bed.bus.stats().sockets === 0, "all have gone");
    expect(bed.bus.stats()).toMatchObject({ waiters: 0, unsent: 0 });
  });
});
