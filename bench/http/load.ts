import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A job of the load client. */
export interface Load {
  readonly port: number;
  /** The request as it goes over the wire. */
  readonly request: string;
  readonly connections: number;
  readonly ms: number;
}

/** The result of a job. */
export interface Loaded {
  readonly requests: number;
  readonly ms: number;
  /** The body that every answer had. */
  readonly body: string;
}

// The process of the load client: raw sockets that are kept alive, one request at a time on each.
process.on("message", async (load) => process.send?.(await run(load as Load))); // servers.ts sends nothing else
process.on("disconnect", () => process.exit());

async function run({ port, request, connections, ms }: Load): Promise<Loaded> {
  const bytes = Buffer.from(request);
  const clients: Client[] = [];
  for (let index = 0; index < connections; index += 1) {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    clients.push(new Client(socket, bytes));
  }
  const start = performance.now();
  for (const client of clients) client.ask();
  await new Promise((resolve) => setTimeout(resolve, ms));
  const elapsed = performance.now() - start;
  for (const client of clients) client.end();
  const bodies = new Set(clients.map(({ body }) => body));
  if (bodies.size !== 1) throw new Error(`the answers differ: ${[...bodies].join(" / ")}`);
  return { requests: clients.reduce((sum, { answers }) => sum + answers, 0), ms: elapsed, body: clients[0]!.body };
}

/** One connection. The first answer is read in full; the others must have the same status, length and body. */
class Client {
  answers = 0;
  body = "";
  readonly #socket: Socket;
  readonly #request: Buffer;
  #length = 0;
  #parts: Buffer[] = [];
  #received = 0;
  #ended = false;

  constructor(socket: Socket, request: Buffer) {
    this.#socket = socket;
    this.#request = request;
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("error", (error) => {
      if (!this.#ended) throw error;
    });
  }

  ask(): void {
    this.#socket.write(this.#request);
  }

  end(): void {
    this.#ended = true;
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#parts.push(chunk);
    this.#received += chunk.length;
    if (this.#length > 0 && this.#received < this.#length) return;
    const answer = this.#parts.length === 1 ? chunk : Buffer.concat(this.#parts);
    if (this.#length === 0) this.#learn(answer);
    if (this.#length === 0 || this.#received < this.#length) return;
    this.#check(answer);
    this.#parts = [];
    this.#received = 0;
    this.answers += 1;
    this.ask();
  }

  /** The length of an answer, from the first one; all have the same, since a Date header always has. */
  #learn(answer: Buffer): void {
    const text = answer.toString("latin1");
    const end = text.indexOf("\r\n\r\n");
    const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1];
    if (end === -1) return;
    if (length === undefined) throw new Error(`an answer without a length: ${text}`);
    this.#length = end + 4 + Number(length);
    this.body = answer.toString("utf8", end + 4, this.#length);
  }

  #check(answer: Buffer): void {
    const body = answer.length - Buffer.byteLength(this.body);
    if (answer.length === this.#length && answer[9] === 0x32 && answer.toString("utf8", body) === this.body) return;
    throw new Error(`another answer than the first: ${answer.toString()}`);
  }
}
