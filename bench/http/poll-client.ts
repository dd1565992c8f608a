import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Crowd } from "./fan-out.ts";
import { dialectOf, type PollDialect } from "./poll-dialects.ts";

// The process of the clients: raw sockets that are kept alive. Each polls when it is told to, from where it stands.

let clients: Client[] = [];
let newest: number | undefined;

process.on("message", async (crowd) => process.send?.(await perform(crowd as Crowd))); // fan-out.ts sends nothing else
process.on("disconnect", () => process.exit());

/** Opens connections, lets all poll, or waits until each has been answered; answers how many there are, or were answered. */
async function perform(crowd: Crowd): Promise<number> {
  if (crowd.do === "open") {
    const { kind, port, count, last = 0 } = crowd;
    const dialect = dialectOf(kind);
    for (let index = 0; index < count; index += 1) clients.push(await Client.connected(port, dialect, last));
    newest = undefined;
    return clients.length;
  }
  if (crowd.do === "poll") {
    for (const client of clients) client.poll();
    return clients.length;
  }
  if (crowd.do === "wait") {
    const numbers = new Set(await Promise.all(clients.map(({ answered }) => answered)));
    if (numbers.size !== 1) throw new Error(`not everybody was answered the same: ${[...numbers].join()}`);
    const [number] = [...numbers] as [number]; // the one that there is
    if (newest !== undefined && number !== newest + 1) throw new Error(`message ${number} came after ${newest}`);
    newest = number;
    return clients.length;
  }
  if (crowd.do !== "close") throw new Error(`a poll does not ${crowd.do}`);
  await Promise.all(clients.map((client) => client.close()));
  clients = [];
  return 0;
}

class Client {
  /** Resolves with the number of the message that came. */
  answered!: Promise<number>;
  readonly #socket: Socket;
  readonly #dialect: PollDialect;
  #position: string;
  #received = "";
  #answer: (number: number) => void = () => {};

  static async connected(port: number, dialect: PollDialect, last: number): Promise<Client> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    return new Client(socket, dialect, `${last}`);
  }

  private constructor(socket: Socket, dialect: PollDialect, position: string) {
    this.#socket = socket;
    this.#dialect = dialect;
    this.#position = position;
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => this.#take(text));
  }

  poll(): void {
    this.answered = new Promise((resolve) => {
      this.#answer = resolve;
    });
    this.#socket.write(this.#dialect.request(this.#position));
  }

  async close(): Promise<void> {
    const closed = once(this.#socket, "close");
    this.#socket.destroy();
    await closed;
  }

  #take(text: string): void {
    this.#received += text;
    const answer = this.#dialect.answer(this.#received);
    if (answer === undefined) return;
    this.#received = "";
    this.#position = answer.position;
    this.#answer(answer.number);
  }
}
