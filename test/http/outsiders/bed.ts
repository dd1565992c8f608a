import { once } from "node:events";
import { createServer, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Bus } from "nightbus";
import { mount } from "nightbus/node";
import { openStream } from "../conformance/stream.ts";

/** The ways in which a mount says no for a while. */
export const TROUBLES = ["closed", "full", "broken by a hook"] as const;

export type Trouble = (typeof TROUBLES)[number];

/** A server with a mount at its root for one client, which the test cuts off and refuses; other paths are the page's. */
export class Bed {
  readonly bus = new Bus();
  /** The number of requests for a stream. */
  asked = 0;
  readonly #server: Server;
  readonly #open = new Set<ServerResponse>();
  readonly #mount: ReturnType<typeof mount>;
  #closed: ReturnType<typeof mount> | undefined;
  #isBroken = false;
  /** The next write with this text is cut in its middle. */
  #cutIn: string | undefined;

  constructor(page: RequestListener) {
    this.bus.on("error", () => {}); // of the hook that throws
    this.#mount = mount(this.bus, {
      heartbeat: 50,
      maxWaiting: 1,
      channels: (names) => {
        if (this.#isBroken) throw Object.assign(new Error("the application's database is down"), { status: 503 });
        return names;
      },
    });
    this.#server = createServer((request, response) => {
      if (!request.url?.startsWith("/events")) {
        page(request, response);
        return;
      }
      this.asked += 1;
      this.#watch(response);
      void (this.#closed ?? this.#mount)(request, response);
    });
  }

  async start(): Promise<void> {
    await this.bus.ready();
    await once(this.#server.listen(0, "127.0.0.1"), "listening");
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The streams that are open. */
  get streams(): number {
    return this.bus.stats().streams;
  }

  /** Breaks all connections. */
  cut(): void {
    for (const response of this.#open) response.destroy();
  }

  /** Breaks a connection in the middle of the write in which this text stands, when half of the text is out. */
  cutIn(text: string): void {
    this.#cutIn = text;
  }

  /** Breaks all connections and refuses new ones, until the function that it returns is called. */
  async refuse(trouble: Trouble): Promise<() => void> {
    if (trouble === "closed") {
      const other = new Bus();
      this.#closed = mount(other);
      await other.close();
      this.cut();
      return () => {
        this.#closed = undefined;
      };
    }
    if (trouble === "full") {
      this.cut();
      while (this.streams > 0) await new Promise((resolve) => setImmediate(resolve));
      const holder = await openStream(`${this.url}/events?channels=a`);
      return () => holder.leave();
    }
    this.#isBroken = true;
    this.cut();
    return () => {
      this.#isBroken = false;
    };
  }

  async close(): Promise<void> {
    await this.bus.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #watch(response: ServerResponse): void {
    this.#open.add(response);
    response.once("close", () => this.#open.delete(response));
    const write = response.write.bind(response) as (bytes: Uint8Array, written?: () => void) => boolean;
    response.write = (bytes: Uint8Array): boolean => {
      const at = this.#cutIn === undefined ? -1 : Buffer.from(bytes).indexOf(this.#cutIn);
      if (at === -1) return write(bytes);
      const end = at + this.#cutIn!.length / 2;
      this.#cutIn = undefined;
      return write(bytes.subarray(0, end), () => response.destroy());
    };
  }
}
