import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Bus, importNode } from "../built.ts";
import type { Task } from "./fan-out.ts";
import { textOf } from "./text-of.ts";

// A process of one server that holds polls. First it says its port. Then it does each job, and answers with a number.

interface Polled {
  readonly listener: RequestListener;
  parked(): number;
  last(): number;
  send(message: unknown): unknown;
}

const KINDS = { nightbus, hand: async () => byHand(), floor: async () => floor() };
const [kind] = process.argv.slice(2) as [keyof typeof KINDS]; // h4.ts starts it so
const { listener, parked, last, send } = await KINDS[kind]();
const server = createServer(listener);
server.keepAliveTimeout = 0;
server.listen({ host: "127.0.0.1", port: 0, backlog: 10_000 });
await once(server, "listening");
const { port } = server.address() as AddressInfo; // the server listens on a port, not a pipe
let sent = 0;
process.on("message", async (task) => process.send?.(await perform(task as Task))); // nothing else is sent
process.on("disconnect", () => process.exit());
process.send?.(port);

async function perform(task: Task): Promise<number> {
  if (task.do === "parked") return parked();
  if (task.do === "last") return last();
  if (task.do === "send") {
    sent += 1;
    await send({ from: "user 7", text: "hello, this is a message", n: sent });
    return sent;
  }
  if (task.do !== "cpu") throw new Error(`polls are not asked for ${task.do}`);
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

async function nightbus(): Promise<Polled> {
  const { mount } = await importNode();
  const bus = new Bus();
  await bus.ready();
  return {
    listener: mount(bus),
    parked: () => bus.waiting,
    last: () => bus.last,
    send: (message) => bus.sendone("lobby", message),
  };
}

/**
 * The work that no long poll can omit, and that a promise holds. A body is JSON, and bounded in size and time; a cursor
 * is checked; a wait has a deadline, and a client may leave.
 */
function floor(): Polled {
  const { listener: _, ...hand } = byHand();
  const waiting = new Map<(answer: Answer) => void, number>();
  const reading = new Map<IncomingMessage, number>();
  const hold = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.url !== "/poll" || request.method !== "POST") throw new Error("404");
    if (request.headers["content-type"] !== "application/json") throw new Error("415");
    reading.set(request, performance.now() + 30_000);
    const { channels, last } = JSON.parse(await textOf(request, 65_536)) as { channels?: unknown; last?: unknown };
    reading.delete(request);
    if (!Array.isArray(channels) || channels.some((name) => typeof name !== "string")) throw new Error("400");
    if (last !== hand.last()) throw new Error("only who has read everything is held");
    const { headers, body } = await new Promise<Answer>((resolve) => {
      waiting.set(resolve, performance.now() + 50_000);
      response.on("close", () => waiting.delete(resolve));
    });
    response.writeHead(200, headers).end(body);
  };
  const answerAll = (message: unknown): void => {
    const answer = hand.answerOf(message);
    const all = [...waiting.keys()];
    waiting.clear();
    for (const resolve of all) resolve(answer);
  };
  return { ...hand, listener: hold, parked: () => waiting.size, send: answerAll };
}

interface Answer {
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: Buffer;
}

/**
 * A server as many would write it: a list of responses, and an answer that becomes bytes once. Readers that are away
 * miss everything.
 */
function byHand(): Polled & { answerOf(message: unknown): Answer } {
  let held: ServerResponse[] = [];
  let id = 1_700_000_000_000_000;
  const hold = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { channels } = JSON.parse(Buffer.concat(chunks).toString()) as { readonly channels?: unknown };
      if (!Array.isArray(channels)) throw new Error("a poll names channels");
      held.push(response);
    });
  };
  const answerOf = (message: unknown): Answer => {
    id += 1;
    const notifications = [{ id, channel: "lobby", message }];
    const body = Buffer.from(JSON.stringify({ notifications, last: id, missed: false }));
    const headers = {
      "Content-Type": "application/json; charset=utf-8",
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
      "Content-Length": body.length,
    };
    return { headers, body };
  };
  const answerAll = (message: unknown): void => {
    const { headers, body } = answerOf(message);
    const all = held;
    held = [];
    for (const response of all) response.writeHead(200, headers).end(body);
  };
  return { listener: hold, parked: () => held.length, last: () => id, send: answerAll, answerOf };
}
