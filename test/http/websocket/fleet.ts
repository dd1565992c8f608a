import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Bus } from "nightbus";
import type { Websockets } from "nightbus/websocket";
import WebSocket from "ws";
import { turns, until } from "../../../src/testing/conformance/bus/topic.ts";
import type { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import type { Message } from "./bed.ts";

export type Step =
  | { readonly do: "send"; readonly sends: readonly (readonly number[])[] }
  | {
      readonly do: "subscribe";
      readonly client: number;
      readonly channels: readonly number[];
      readonly settles: boolean;
    }
  | { readonly do: "cut"; readonly client: number }
  | { readonly do: "pause"; readonly client: number }
  | { readonly do: "resume"; readonly client: number }
  | { readonly do: "restart" }
  | { readonly do: "advance"; readonly ms: number };

interface Sent {
  readonly id: number;
  readonly channel: string;
}

/** A client that keeps its position, and a naive model of what it has to get. */
class Member {
  readonly heard: number[] = [];
  readonly #url: () => string;
  readonly #isOld: boolean;
  channels: readonly string[] = [];
  /** The notifications that the model owes the client. */
  readonly owed: number[] = [];
  /** The position from which a list is read: where the client began, or the newest id that it was owed. */
  from: number;
  last: number;
  socket: WebSocket | undefined;

  constructor(url: () => string, isOld: boolean, last: number) {
    this.#url = url;
    this.#isOld = isOld;
    this.last = last;
    this.from = last;
  }

  async connect(): Promise<void> {
    const socket = new WebSocket(this.#url() + (this.#isOld ? "" : "?version=17.0-1"));
    this.socket = socket;
    socket.on("error", () => {});
    socket.on("message", (data) => {
      const list = JSON.parse(String(data)) as readonly Message[];
      assert.ok(list.length > 0, "no frame is empty");
      for (const { id } of list) this.heard.push(id);
      this.last = list.at(-1)!.id;
    });
    await once(socket, "open");
  }

  subscribe(): void {
    const data = { channels: this.channels, last: this.last };
    this.socket!.send(JSON.stringify({ event_name: "subscribe", data }));
  }
}

/** Clients of one bus, whose server restarts now and then. */
export class Fleet {
  readonly #bus: Bus;
  readonly #clock: ManualClock;
  readonly #make: () => Websockets;
  readonly #members: readonly Member[];
  readonly #sent: Sent[] = [];
  #sockets: Websockets | undefined;
  #server: Server | undefined;
  #url = "";

  constructor(bus: Bus, clock: ManualClock, make: () => Websockets, generations: readonly boolean[]) {
    this.#bus = bus;
    this.#clock = clock;
    this.#make = make;
    this.#members = generations.map((isOld) => new Member(() => this.#url, isOld, bus.last));
  }

  async begin(): Promise<void> {
    await this.#serve();
    for (const member of this.#members) await member.connect();
  }

  async play(step: Step): Promise<void> {
    if (step.do === "send") await Promise.all(step.sends.map((channels) => this.#send(channels)));
    else if (step.do === "advance") this.#clock.advance(step.ms);
    else if (step.do === "restart") await this.#restart();
    else if (step.do === "pause") this.#members[step.client]!.socket!.pause();
    else if (step.do === "resume") this.#members[step.client]!.socket!.resume();
    else if (step.do === "cut") await this.#comeBack(this.#members[step.client]!);
    else
      await this.#subscribe(
        this.#members[step.client]!,
        step.channels.map((channel) => `c${channel}`),
        step.settles,
      );
    await turns(2);
  }

  /** Lets all clients catch up, and compares them with the model. */
  async end(): Promise<void> {
    for (const member of this.#members) {
      await this.#comeBack(member);
      await until(() => member.heard.length >= member.owed.length, `a client has all: ${told(member)}`);
      await turns(4);
      assert.deepEqual(member.heard, member.owed, "all, once and in order");
    }
  }

  async close(): Promise<void> {
    for (const { socket } of this.#members) socket?.terminate();
    await this.#bus.close();
    this.#clock.advance(1_000);
    await this.#stop();
  }

  async #send(channels: readonly number[]): Promise<void> {
    const entries = channels.map((channel) => [`c${channel}`, "x".repeat(100)] as const);
    const ids = await this.#bus.sendmany(entries);
    for (const [index, id] of ids.entries()) {
      const channel = `c${channels[index]}`;
      this.#sent.push({ id, channel });
      for (const member of this.#members) if (member.channels.includes(channel)) owe(member, id);
    }
  }

  // A client that is cut off, or was closed for being slow, subscribes anew from the last id that it heard.
  async #comeBack(member: Member): Promise<void> {
    member.socket!.terminate();
    if (member.socket!.readyState !== WebSocket.CLOSED) await once(member.socket!, "close");
    await member.connect();
    member.subscribe();
    await this.#settle(member);
  }

  async #subscribe(member: Member, channels: readonly string[], settles: boolean): Promise<void> {
    // The client must have what it is owed on its old channels: a new list alone is read from here on.
    member.socket!.resume();
    this.#clock.advance(1);
    await this.#settle(member);
    if (member.socket!.readyState !== WebSocket.OPEN || member.heard.length < member.owed.length) {
      await this.#comeBack(member);
      await until(() => member.heard.length >= member.owed.length, `a client has all: ${told(member)}`);
    }
    member.channels = channels;
    for (const { id, channel } of this.#sent) {
      if (id > member.from && channels.includes(channel)) owe(member, id);
    }
    member.subscribe();
    if (settles) await this.#settle(member);
  }

  async #settle({ socket }: Member): Promise<void> {
    if (socket!.readyState !== WebSocket.OPEN) return;
    const over = Promise.race([once(socket!, "pong"), once(socket!, "close")]);
    socket!.ping();
    await over;
    await turns(2);
  }

  async #serve(): Promise<void> {
    const sockets = this.#make();
    const server = createServer().on("upgrade", sockets.upgrade);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    this.#url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/websocket`;
    [this.#sockets, this.#server] = [sockets, server];
  }

  async #stop(): Promise<void> {
    this.#server!.closeAllConnections();
    await new Promise((resolve) => this.#server!.close(resolve));
  }

  async #restart(): Promise<void> {
    this.#sockets!.close();
    for (const { socket } of this.#members) socket!.terminate();
    this.#clock.advance(1_000);
    await this.#stop();
    await this.#serve();
    for (const member of this.#members) await this.#comeBack(member);
  }
}

function owe(member: Member, id: number): void {
  member.owed.push(id);
  member.from = id;
}

function told({ heard, owed, channels }: Member): string {
  return `heard ${heard.join()} of ${owed.join()} on ${channels.join()}`;
}
