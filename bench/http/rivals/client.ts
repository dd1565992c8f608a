import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Crowd } from "../fan-out.ts";
import { Bodies } from "./bodies.ts";
import { DIALECTS, type Dialect } from "./dialects.ts";
import type { KindName } from "./kinds.ts";
import { Numbers } from "./numbers.ts";

// The process of the clients of rivals: raw sockets. Each client has to get every message once, and in order.

/** The longest wait for messages, in ms. */
const PATIENCE = 60_000;

let readers: Reader[] = [];
let kind: string | undefined;

process.on("message", async (crowd) => process.send?.(await perform(crowd as Crowd))); // fan-out.ts sends nothing else
process.on("disconnect", () => process.exit());

/** Does a job of the crowd. Answers how many messages came to all in `wait` and `close`, else how many clients there are. */
async function perform(crowd: Crowd): Promise<number> {
  if (crowd.do === "open") {
    kind = crowd.kind;
    const dialect = DIALECTS[kind as KindName]!; // fan-out.ts names a kind of stream
    readers = Array.from({ length: crowd.count }, () => new Reader(crowd.port, dialect));
    for (const reader of readers) await reader.open();
  } else if (crowd.do === "leave") {
    await Promise.all(readers.map((reader) => reader.leave()));
  } else if (crowd.do === "resume") {
    void Promise.all(readers.map((reader) => reader.open())); // a failure ends this process, and `wait` waits
  } else if (crowd.do === "wait") {
    return wait(crowd.count);
  } else if (crowd.do === "close") {
    await Promise.all(readers.map((reader) => reader.close()));
    return take();
  } else throw new Error(`a stream does not ${crowd.do}`);
  return readers.length;
}

async function wait(count: number): Promise<number> {
  const deadline = performance.now() + PATIENCE;
  while (readers.some(({ numbers }) => numbers.count < count)) {
    if (performance.now() > deadline) throw new Error(lacking(count));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const next = new Set(readers.map(({ numbers }) => numbers.next));
  if (next.size > 1) throw new Error(`the clients are at different messages: ${[...next].join()}`);
  return take();
}

function take(): number {
  const sum = readers.reduce((all, { numbers }) => all + numbers.count, 0);
  for (const { numbers } of readers) numbers.count = 0;
  return sum;
}

function lacking(count: number): string {
  const late = readers.filter(({ numbers }) => numbers.count < count);
  const places = late.slice(0, 10).map((reader) => readers.indexOf(reader));
  return (
    `${late.length} of ${readers.length} clients of ${kind} lack messages, one has ${late[0]!.numbers.count} of ${count}; ` +
    `they opened in these places: ${places.join()}`
  );
}

class Reader {
  readonly numbers = new Numbers();
  readonly #port: number;
  readonly #dialect: Dialect;
  #socket: Socket | undefined;
  #position: string | undefined;
  #first = "";
  #newest: Buffer = Buffer.alloc(0);

  constructor(port: number, dialect: Dialect) {
    this.#port = port;
    this.#dialect = dialect;
  }

  /** Opens a stream at the position where the client left. */
  async open(): Promise<void> {
    const socket = connect({ port: this.#port, host: "127.0.0.1", noDelay: true });
    this.#socket = socket;
    this.#first = "";
    let isOpen = false;
    this.numbers.break();
    const body = new Bodies((bytes) => this.numbers.take(bytes));
    socket.on("data", (bytes: Buffer) => {
      if (!isOpen) this.#first += bytes.toString("latin1");
      this.#newest = bytes;
      body.take(bytes);
    });
    await this.#dialect.begin(socket, this.#position);
    isOpen = true;
  }

  /** Ends the connection, and remembers the position after the newest message. */
  async leave(): Promise<void> {
    this.#position = this.#dialect.position(this.#first, this.#newest.toString("latin1"));
    await this.close();
  }

  async close(): Promise<void> {
    const closed = once(this.#socket!, "close"); // a client leaves once, after it has opened
    this.#socket!.destroy();
    await closed;
  }
}
