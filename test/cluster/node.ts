// One process of a cluster: a bus, its mount on HTTP, and writers. `node.ts STORE CONNECTION NAME LANES PAUSE`
//
// It prints lines of JSON, and obeys the lines that it reads: `stop` ends the writers, `mark` is one more send, `close` the end.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { Bus } from "../../src/bus.ts";
import type { BusError } from "../../src/errors.ts";
import { mount } from "../../src/http/node.ts";
import { CHANNELS, EVERYTHING, type Line } from "./lines.ts";
import { STORES, type StoreName } from "./stores.ts";

const [store, connection, name, lanes, rest] = process.argv.slice(2);
const bus = await openBus();
const server = createServer(mount(bus)).listen(0, "127.0.0.1");
await once(server, "listening");
print({ listening: (server.address() as AddressInfo).port }); // it listens on TCP

let count = 0;
let isWriting = true;
const writers = Promise.all(Array.from({ length: Number(lanes) }, write));

for await (const command of createInterface({ input: process.stdin })) {
  if (command === "stop") void stop();
  if (command === "mark") void mark();
  if (command === "close") break;
}
// Also when whoever started it is gone.
isWriting = false;
server.close();
server.closeAllConnections();
await bus.close();
process.exit(0);

/** A supervisor would start a process again whose store did not open; here it tries again by itself. */
async function openBus(): Promise<Bus> {
  for (;;) {
    const opened = new Bus({
      store: await STORES[store as StoreName](connection!),
      retention: EVERYTHING,
      limit: 50, // so that answers end in the middle of a backlog
    });
    opened.on("error", ({ message }) => print({ error: message }));
    try {
      await opened.ready();
      return opened;
    } catch {
      await opened.close();
      await pause(50);
    }
  }
}

async function write(): Promise<void> {
  while (isWriting) {
    await send();
    await pause(Number(rest));
  }
}

async function send(): Promise<boolean> {
  const n = count;
  count += 1;
  try {
    print({ ack: n, ids: await bus.sendmany(CHANNELS.map((channel, part) => [channel, { name, n, part }] as const)) });
    return true;
  } catch (error) {
    const { code, refused, message } = error as BusError;
    print({ rejected: n, code, refused, message });
    return false;
  }
}

async function stop(): Promise<void> {
  isWriting = false;
  await writers;
  print({ stopped: count });
}

async function mark(): Promise<void> {
  while (!(await send())) await pause(50);
  print({ marked: true });
}

function print(line: Line): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
