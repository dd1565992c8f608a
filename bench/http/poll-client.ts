import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Crowd } from "./fan-out.ts";

// The process of the clients: raw sockets that are kept alive. Each polls when it is told to, from where it stands.

let clients: Client[] = [];

process.on("message", async (crowd) => process.send?.(await perform(crowd as Crowd))); // fan-out.ts sends nothing else
process.on("disconnect", () => process.exit());

/** Opens connections, lets all poll, or waits until each has been answered; answers how many there are, or were answered. */
async function perform(crowd: Crowd): Promise<number> {
  if (crowd.do === "open") {
    const { port, count, last = 0 } = crowd;
    for (let index = 0; index < count; index += 1) clients.push(await Client.connected(port, last));
    return clients.length;
  }
  if (crowd.do === "poll") {
    for (const client of clients) client.poll();
    return clients.length;
  }
  if (crowd.do === "wait") {
    const numbers = new Set(await Promise.all(clients.map(({ answered }) => answered)));
    if (numbers.size !== 1) throw new Error(`not everybody was answered the same: ${[...numbers].join()}`);
    return clients.length;
  }
  await Promise.all(clients.map((client) => client.close()));
  clients = [];
  return 0;
}

class Client {
  /** Resolves with the number of the message that came. */
  answered!: Promise<string>;
  readonly #socket: Socket;
  #last: string;
  #received = "";
  #answer: (number: string) => void = () => {};

  static async connected(port: number, last: number): Promise<Client> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    return new Client(socket, last);
  }

  private constructor(socket: Socket, last: number) {
    this.#socket = socket;
    this.#last = `${last}`;
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => this.#take(text));
  }

  poll(): void {
    this.answered = new Promise((resolve) => {
      this.#answer = resolve;
    });
    const body = `{"channels":["lobby"],"last":${this.#last},"timeout":60000}`;
    this.#socket.write(
      `POST /poll HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
  }

  async close(): Promise<void> {
    const closed = once(this.#socket, "close");
    this.#socket.destroy();
    await closed;
  }

  #take(text: string): void {
    this.#received += text;
    const found = /"n":(\d+).*"last":(\d+)/.exec(this.#received);
    if (found === null || !this.#received.endsWith("}")) return;
    this.#received = "";
    this.#last = found[2]!;
    this.#answer(found[1]!);
  }
}
