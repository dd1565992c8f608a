import WebSocket from "ws";
import type { Message } from "./bed.ts";

/** The versions of Odoo whose clients differ on the socket. */
export type Generation = 16 | 17 | 18 | 19;

/** The addresses of the sockets, by version. */
const PATHS: Readonly<Record<Generation, string>> = {
  16: "/websocket",
  17: "/websocket?version=17.0-1",
  18: "/websocket?version=18.0-4",
  19: "/websocket?version=19.0-2",
};

/** The payloads that tell of statuses. */
interface Statuses {
  readonly partner_id?: number;
  readonly im_status?: string;
  readonly partners?: readonly { readonly id: number; readonly im_status: string }[];
}

/** Plans work after so many ms. A test gives the time its own pace. */
export type Plan = (work: () => void, ms: number) => () => void;

/** A worker of Odoo's pages, as far as the server can see it. Its time is the test's. */
export class OdooClient {
  readonly heard: Message[] = [];
  /** The pauses before each new connection, in ms. */
  readonly pauses: number[] = [];
  readonly closes: string[] = [];
  /** The statuses of partners that the page was told. */
  readonly statuses = new Map<number, string>();
  /** The cursor, which pages keep in their storage. */
  last: number;
  connections = 0;
  /** True once the client stays away. */
  isAway = false;
  readonly #generation: Generation;
  readonly #url: string;
  readonly #plan: Plan;
  readonly #cookie: string;
  readonly #channels = new Set<string>();
  /** The partners of which a page of version 16 asks. */
  readonly #watched = new Set<number>();
  #delay = 1_000;
  #socket: WebSocket | undefined;
  #unplan: () => void = () => {};
  #unplanSilence: () => void = () => {};

  constructor(generation: Generation, url: string, plan: Plan, { last = 0, cookie = "" } = {}) {
    this.#generation = generation;
    this.#url = url + PATHS[generation];
    this.#plan = plan;
    this.last = last;
    this.#cookie = cookie;
  }

  /** True while the socket is open. */
  get isOpen(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  start(): void {
    this.connections += 1;
    const socket = new WebSocket(this.#url, { headers: { cookie: this.#cookie } });
    this.#socket = socket;
    socket.on("error", () => {});
    socket.on("open", () => {
      this.#delay = 1_000;
      this.#changed();
      this.#report();
    });
    socket.on("message", (data) => this.#take(JSON.parse(String(data)) as Message[]));
    socket.on("close", (code, reason) => this.#closed(code, String(reason)));
  }

  add(channel: string): void {
    this.#channels.add(channel);
    this.#changed();
  }

  remove(channel: string): void {
    this.#channels.delete(channel);
    this.#changed();
  }

  /** Asks for the status of a partner, as pages of version 16 do. */
  watch(partner: number): void {
    this.#watched.add(partner);
    this.#report();
  }

  stop(): void {
    this.isAway = true;
    this.#unplan();
    this.#unplanSilence();
    this.#socket?.terminate();
  }

  /** Breaks the connection, as a network may. */
  cut(): void {
    this.#socket?.terminate();
  }

  // The last element rules, also downwards. An empty list would throw here, as it does inside of the worker.
  #take(list: readonly Message[]): void {
    this.heard.push(...list);
    this.last = list.at(-1)!.id;
    for (const { message } of list) this.#note(message.type, message.payload as Statuses | null); // each type has its form
  }

  #note(type: string, payload: Statuses | null | undefined): void {
    const { partner_id: partner, im_status: status, partners = [] } = payload ?? {};
    if (type === "bus.bus/im_status_updated") this.statuses.set(partner!, status!);
    if (type === "bus/im_status") for (const each of partners) this.statuses.set(each.id, each.im_status);
  }

  #report(): void {
    const asked = this.#watched.size === 0 ? {} : { "res.partner": [...this.#watched] };
    this.#say("update_presence", { inactivity_period: 0, im_status_ids_by_model: asked });
  }

  #changed(): void {
    if (!this.isOpen) return;
    if (this.#generation === 16) this.#subscribe();
    else {
      this.#unplan();
      this.#unplan = this.#plan(() => this.#subscribe(), 300);
    }
  }

  #subscribe(): void {
    this.#say("subscribe", { channels: [...this.#channels].sort(), last: this.last });
  }

  #say(event_name: string, data: unknown): void {
    if (!this.isOpen) return;
    this.#socket!.send(JSON.stringify({ event_name, data }));
    this.#unplanSilence();
    if (this.#generation < 19) return;
    this.#unplanSilence = this.#plan(() => this.isOpen && this.#socket!.send(new Uint8Array([0])), 60_000);
  }

  #closed(code: number, reason: string): void {
    this.closes.push(reason === "" ? `${code}` : `${code} ${reason}`);
    this.#unplan();
    this.#unplanSilence();
    if (this.isAway) return;
    if (code === 1000) {
      this.isAway = true;
      return;
    }
    // The keep-alive's end is no failure.
    const pause = code === 4002 ? 200 + Math.random() * 800 : this.#nextDelay();
    this.pauses.push(pause);
    this.#unplan = this.#plan(() => this.start(), pause);
  }

  #nextDelay(): number {
    this.#delay = Math.min(this.#delay * 1.5, 60_000);
    return this.#delay + Math.random() * 1_000;
  }
}
