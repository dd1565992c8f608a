import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Bus } from "nightbus";
import { mount } from "nightbus/node";
import { expect, it } from "vitest";
import { until } from "./conformance/client.ts";

const CROWD = 1_000;
const MEGABYTE = 2 ** 20;

it("holds a thousand streams and a slow one, in memory that does not grow with what the slow one lacks", async () => {
  await using bus = new Bus({ retention: { count: 10 } });
  const server = createServer(mount(bus, { maxBuffered: 8 * MEGABYTE })).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const heard = { count: 0 };
  const crowd = await Promise.all(Array.from({ length: CROWD }, () => open(port, "crowd", heard)));
  const slow = await open(port, "large", { count: 0 });
  slow.pause();
  const quick = { count: 0 };
  const reading = await open(port, "large", quick);

  const before = memory();
  const message = "x".repeat(MEGABYTE / 2);
  for (let n = 1; n <= 200; n += 1) {
    await bus.sendmany([
      ["large", message],
      ["crowd", n],
    ]);
    await until(() => quick.count === n);
  }
  const grown = memory() - before;
  await until(() => heard.count === CROWD * 200);
  // 100 MB were sent. The log retains 5 of them, as messages and as frames, and 8 may be on their way to the slow one.
  expect(grown).toBeLessThan(40 * MEGABYTE);
  for (const socket of [...crowd, slow, reading]) socket.destroy();
  server.closeAllConnections();
  server.close();
}, 60_000);

/** Opens a stream, and counts the notifications that come. */
async function open(port: number, channel: string, heard: { count: number }): Promise<Socket> {
  const socket = connect(port, "127.0.0.1").setEncoding("latin1");
  socket.write(`GET /events?channels=${channel} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await once(socket, "data");
  // A frame's data may come in many pieces, its first bytes hardly ever in two.
  let end = "";
  socket.on("data", (text: string) => {
    heard.count += (end + text).split('data: {"id"').length - 1;
    end = text.slice(-10);
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
