import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { Bus } from "../../src/bus.ts";
import { mount } from "../../src/http/node.ts";
import type { Clock } from "../../src/util/clock.ts";
import { bare } from "../http/hand/answering.ts";
import { byHand as holding, type Polled } from "../http/hand/holding.ts";
import { type Streaming, byHand as streaming } from "../http/hand/streaming.ts";
import { runWindows, Windows } from "./windows.ts";

// Serves a hot path over HTTP: `served.mjs PATH`. The clients are in a process of their own, over the loopback. So the
// count has the whole work of the server, with its sockets, and none of the clients'.

/** Every bus here begins at the same id, so that all answers have the same length. */
const BEGIN = 870_000_000_000_000;

const MESSAGE = { from: "user 7", text: "hello, this is a message" };

/** The answer of the bus to the poll of the clients. */
const ANSWER = `{"notifications":[{"id":${BEGIN + 1},"channel":"lobby","message":${JSON.stringify(MESSAGE)}}],"last":${BEGIN + 1},"missed":false}`;

/** The clients of a path, as crowd.ts takes them. */
interface Crowd {
  readonly kind: "poll" | "wait" | "stream";
  readonly connections: number;
  /** The position from which they poll. */
  readonly last: number;
}

/** The clients that one message reaches. */
const CROWD = 50;

/** The paths by name. A pass is a request, or a message to all of a crowd. */
const PATHS: Readonly<Record<string, () => Promise<void>>> = {
  poll: () => answered(answering),
  "poll by hand": () => answered(async () => bare(ANSWER)),
  wait: () => held(parking),
  "wait by hand": () => held(async () => holding()),
  stream: () => streamed(parking),
  "stream by hand": () => streamed(async () => streaming(false)),
};

await PATHS[process.argv[2]!]!(); // guard.ts gives it one of them

/** A clock that stands still for all but timers. Under callgrind a crowd takes so long that each of its deadlines would be another. */
const STILL: Clock = {
  now: () => Date.now(),
  monotonic: () => 0,
  base: () => BEGIN,
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
};

/** Polls that are answered at once. */
async function answered(listenerOf: () => Promise<RequestListener>): Promise<void> {
  const windows = new Windows({ warmUp: 5_000, inWindow: 300 });
  const listener = await listenerOf();
  await serve({ kind: "poll", connections: 8, last: BEGIN }, (request, response) => {
    if (windows.passed()) process.exit();
    return listener(request, response);
  });
}

/** Polls that are held, answered by one send, and asked again. */
async function held(crowdOf: () => Promise<Polled>): Promise<void> {
  const windows = new Windows({ warmUp: 120, inWindow: 10 });
  const { listener, parked, last, send } = await crowdOf();
  let asked = 0;
  let n = 0;
  const answer = (): void => {
    if (parked() < CROWD) return void setImmediate(answer); // a body may come in a later turn than its head
    if (windows.passed()) process.exit();
    n += 1;
    void send({ ...MESSAGE, n });
  };
  await serve({ kind: "wait", connections: CROWD, last: last() }, (request, response) => {
    asked += 1;
    if (asked % CROWD === 0) setImmediate(answer);
    return listener(request, response);
  });
}

/** Streams that get the same messages. */
async function streamed(crowdOf: () => Promise<Streaming>): Promise<void> {
  const { listener, send } = await crowdOf();
  let opened = 0;
  const all = new Promise<void>((resolve) => {
    void serve({ kind: "stream", connections: CROWD, last: 0 }, (request, response) => {
      opened += 1;
      if (opened === CROWD) setTimeout(resolve, 100);
      return listener(request, response);
    });
  });
  await all;
  let n = 0;
  await runWindows({ warmUp: 200, inWindow: 20 }, async () => {
    n = (n + 1) % 10; // all frames have one length
    await send({ ...MESSAGE, n });
    await new Promise((resolve) => setImmediate(resolve));
  });
  process.exit();
}

async function answering(): Promise<RequestListener> {
  const bus = new Bus({ clock: STILL });
  await bus.sendone("lobby", MESSAGE);
  return mount(bus);
}

async function parking(): Promise<Polled> {
  const bus = new Bus({ clock: STILL });
  await bus.ready();
  return {
    listener: mount(bus, { heartbeat: 600_000 }),
    parked: () => bus.waiting,
    last: () => bus.last,
    send: (message) => bus.sendone("lobby", message),
  };
}

/** Serves on a port, and starts the clients. */
async function serve({ kind, connections, last }: Crowd, listener: RequestListener): Promise<void> {
  const server = createServer(listener);
  server.keepAliveTimeout = 0; // no timers of sockets
  server.listen({ host: "127.0.0.1", port: 0, backlog: 1_000 });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // the server listens on a port, not a pipe
  const clients = fileURLToPath(new URL("crowd.mjs", import.meta.url));
  fork(clients, [kind, `${port}`, `${connections}`, `${last}`], { execArgv: [] });
}
