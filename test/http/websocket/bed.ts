import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Bus, type BusOptions } from "nightbus";
import { type WebsocketOptions, type Websockets, websocket } from "nightbus/websocket";
import { onTestFinished } from "vitest";
import WebSocket from "ws";
import type { AnyChannels } from "../../../src/notification.ts";
import { turns, until } from "../../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";

export type Options = WebsocketOptions<AnyChannels, IncomingMessage>;

/** A notification as a socket gets it. */
export interface Message {
  readonly id: number;
  readonly message: { readonly type: string; readonly payload: unknown };
}

/** A client that sends what the test says. */
export class Client {
  /** The frames that came, parsed. */
  readonly frames: (readonly Message[])[] = [];
  readonly texts: string[] = [];
  pings = 0;
  closed: { readonly code: number; readonly reason: string } | undefined;
  readonly socket: WebSocket;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data) => {
      this.texts.push(String(data));
      this.frames.push(JSON.parse(String(data)) as readonly Message[]);
    });
    socket.on("ping", () => {
      this.pings += 1;
    });
    socket.on("error", () => {});
    socket.on("close", (code, reason) => {
      this.closed = { code, reason: String(reason) };
    });
  }

  get messages(): readonly Message[] {
    return this.frames.flat();
  }

  get ids(): readonly number[] {
    return this.messages.map(({ id }) => id);
  }

  get payloads(): readonly unknown[] {
    return this.messages.map(({ message }) => message.payload);
  }

  subscribe(channels: readonly unknown[], last: unknown = 0): void {
    this.say("subscribe", { channels, last });
  }

  say(event_name: string, data: unknown): void {
    this.socket.send(JSON.stringify({ event_name, data }));
  }

  /** Resolves with the code and the reason of the close. */
  async end(): Promise<readonly [code: number, reason: string]> {
    await until(() => this.closed !== undefined, "the socket closes");
    return [this.closed!.code, this.closed!.reason];
  }

  /** Resolves when so many notifications have come. */
  async has(count: number): Promise<void> {
    await until(() => this.messages.length >= count, `${count} notifications come: ${JSON.stringify(this.messages)}`);
  }
}

/** The answer to a handshake that was refused. */
export interface Refused {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A bus behind sockets on a server of Node, on a clock that stands still. */
export class Bed {
  readonly clock: ManualClock;
  readonly bus: Bus;
  readonly sockets: Websockets;
  readonly server: Server;
  readonly errors: Error[] = [];
  readonly clients: Client[] = [];

  constructor(optionsOf: (bus: Bus) => Options, busOptions: BusOptions) {
    this.clock = new ManualClock();
    this.bus = new Bus({ clock: this.clock, ...busOptions });
    this.bus.on("error", (error) => this.errors.push(error));
    this.sockets = websocket(this.bus, optionsOf(this.bus));
    this.server = createServer((request, response) => void this.sockets.handle(request, response));
    this.server.on("upgrade", this.sockets.upgrade);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  url(path: string, scheme = "ws"): string {
    return `${scheme}://127.0.0.1:${this.port}${path}`;
  }

  /** Resolves with a client whose socket is open. */
  async open(path = "/websocket", headers: Record<string, string> = {}, more: object = {}): Promise<Client> {
    const client = new Client(new WebSocket(this.url(path), { headers, ...more }));
    this.clients.push(client);
    await once(client.socket, "open");
    return client;
  }

  /** Resolves with a client that reads these channels. */
  async reader(channels: readonly string[], last: number = this.bus.last, path = "/websocket"): Promise<Client> {
    const client = await this.open(path);
    client.subscribe(channels, last);
    await this.settled(client);
    return client;
  }

  /** Resolves when the server has read all frames of a client so far. */
  async settled(client: Client): Promise<void> {
    const ponged = once(client.socket, "pong");
    client.socket.ping();
    await ponged;
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Resolves with the answer to a handshake that is refused. */
  refused(path = "/websocket", headers: Record<string, string> = {}): Promise<Refused> {
    const socket = new WebSocket(this.url(path), { headers });
    return new Promise((resolve, reject) => {
      socket.on("open", () => reject(new Error("the socket opened")));
      socket.on("error", () => {});
      socket.on("unexpected-response", (_, response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("end", () => resolve({ status: response.statusCode!, headers: response.headers, text }));
      });
    });
  }

  /** Moves the clock in small steps, and lets frames pass between them. */
  async pass(ms: number, step = 1_000): Promise<void> {
    for (let passed = 0; passed < ms; passed += step) {
      this.clock.advance(Math.min(step, ms - passed));
      await turns(6);
    }
  }

  async close(): Promise<void> {
    for (const { socket } of this.clients) socket.terminate();
    await this.bus.close();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** Starts a bed for one test. */
export async function makeBed(
  options: Options | ((bus: Bus) => Options) = {},
  busOptions: BusOptions = {},
): Promise<Bed> {
  const bed = new Bed(typeof options === "function" ? options : () => options, busOptions);
  bed.server.listen(0, "127.0.0.1");
  await once(bed.server, "listening");
  await bed.bus.ready();
  onTestFinished(() => bed.close());
  return bed;
}
