// One process of a cluster: a bus, its mount on HTTP, and writers. The command is `node.ts STORE CONNECTION NAME LANES REST`.
// A node prints lines of JSON, and obeys the lines of its input: `stop` ends the writers, `mark` is one more send, `close` ends all.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { Bus } from "../../../src/bus.ts";
import type { BusError } from "../../../src/errors.ts";
import { mount } from "../../../src/http/node.ts";
import { CHANNELS, EVERYTHING, type Line } from "./lines.ts";
import { STORES, type StoreName } from "./stores.ts";

const [store, connection, name, lanes, rest] = process.argv.slice(2);
const commands = createInterface({ input: process.stdin });
commands.once("close", () => process.exit(1)); // the process that started it is gone

/** The ids that the listener heard: all that were committed since the bus was open. */
const heard: number[] = [];
const bus = await openBus();
const server = createServer(mount(bus)).listen(0, "127.0.0.1");
await once(server, "listening");

let count = 0;
let isWriting = true;
const writers = Promise.all(Array.from({ length: Number(lanes) }, write));
const obey: Readonly<Record<string, () => Promise<void>>> = { stop, mark, close };
commands.on("line", (command) => void obey[command]!()); // an error here ends the process, as it should
print({ listening: (server.address() as AddressInfo).port }); // the node listens on TCP

/** A supervisor would start a process again whose store did not open; here it tries again by itself. */
async function openBus(): Promise<Bus> {
  for (;;) {
    const opened = new Bus({
      store: await STORES[store as StoreName](connection!),
      retention: EVERYTHING,
      limit: 50, // so that answers end in the middle of a backlog
    });
    opened.on("error", ({ message }) => print({ error: message }));
    opened.on("notification", ({ id }) => void heard.push(id));
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
    const ids = await bus.sendmany(CHANNELS.map((channel, part) => [channel, { name, n, part }] as const));
    print({ ack: n, ids });
    if (bus.last < ids.at(-1)!) print({ broken: `send ${n} is acknowledged as ${ids}, but polls end at ${bus.last}` });
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
  print({ stopped: true });
}

async function mark(): Promise<void> {
  while (!(await send())) await pause(50);
  print({ marked: true });
}

async function close(): Promise<void> {
  const read = await bus.poll(CHANNELS, heard[0]! - 1, 0, { limit: 1_000_000_000 });
  const at = read.findIndex(({ id }, index) => id !== heard[index]);
  if (at !== -1) print({ broken: `a listener was told of ${heard[at]} where ${read[at]!.id} was next` });
  if (read.length < heard.length)
    print({ broken: `a listener was told of ${heard.length} ids, of ${read.length} there` });
  server.close();
  server.closeAllConnections();
  await bus.close();
  process.exit(0);
}

function print(line: Line): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
