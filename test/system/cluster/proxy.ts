import { EventEmitter, once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/** A connection through the proxy: the client's half and the server's. */
interface Link {
  readonly halves: readonly [Socket, Socket];
  readonly gone: AbortSignal;
  isForgotten: boolean;
}

/** A TCP proxy on a free port of loopback, through which a test disturbs whoever connects to something else. */
export class TcpProxy {
  readonly #target: () => number;
  readonly #server: Server;
  readonly #links = new Set<Link>();
  readonly #changes = new EventEmitter().setMaxListeners(0);
  #isRefusing = false;
  #isHolding = false;
  #delay = 0;
  #rate = Number.POSITIVE_INFINITY;
  #forwarded = 0;

  private constructor(target: () => number) {
    this.#target = target;
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
  }

  /** Resolves when it listens. The target's port is asked for at each connection, and may change. */
  static async open(target: () => number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port; // the proxy listens on TCP
  }

  /** The number of connections that it holds. */
  get connections(): number {
    return this.#links.size;
  }

  /** The bytes that it has forwarded, in both directions. */
  get forwarded(): number {
    return this.#forwarded;
  }

  /** Resets all connections, on both sides, and each new one. */
  drop(): void {
    this.#isRefusing = true;
    this.cut();
  }

  /** Resets all connections, on both sides. */
  cut(): void {
    for (const { halves } of this.#links) for (const half of halves) half.resetAndDestroy();
  }

  /** Holds back whatever comes, in both directions, by so many ms. */
  delay(ms: number): void {
    this.#delay = ms;
  }

  /** Forwards so many bytes a second at the most, on each connection and in each direction. */
  throttle(rate: number): void {
    this.#rate = rate;
  }

  /** Accepts everything and forwards nothing: both sides believe in their connections. Held bytes are forwarded later. */
  halfOpen(): void {
    this.#isHolding = true;
  }

  /** Never again forwards anything on the connections of now, as a router that has forgotten them. New ones are not touched. */
  forget(): void {
    for (const link of this.#links) link.isForgotten = true;
  }

  /** Forwards everything from now on, but on connections that it was to forget. */
  restore(): void {
    this.#isRefusing = false;
    this.#isHolding = false;
    this.#delay = 0;
    this.#rate = Number.POSITIVE_INFINITY;
    this.#changes.emit("change");
  }

  async close(): Promise<void> {
    this.drop();
    this.#server.close();
    if (this.#server.listening) await once(this.#server, "close");
  }

  #accept(client: Socket): void {
    if (this.#isRefusing) {
      client.on("error", () => {});
      client.resetAndDestroy();
      return;
    }
    const server = connect({ port: this.#target(), host: "127.0.0.1", allowHalfOpen: true });
    const end = new AbortController();
    const link: Link = { halves: [client, server], gone: end.signal, isForgotten: false };
    this.#links.add(link);
    for (const half of link.halves) {
      half.setNoDelay(true);
      half.on("error", () => {}); // ends with a close
      half.once("close", () => {
        this.#links.delete(link);
        end.abort();
      });
    }
    void this.#forward(client, server, link);
    void this.#forward(server, client, link);
  }

  /**
   * Forwards in one direction until one side ends. The socket reads on only after its bytes were written, so that
   * nothing piles up here.
   */
  async #forward(from: Socket, to: Socket, link: Link): Promise<void> {
    try {
      // The other direction may go on when this one has ended.
      for await (const chunk of from.iterator({ destroyOnReturn: false })) {
        await this.#passage(link, chunk as Buffer);
        this.#forwarded += chunk.length;
        if (!to.write(chunk)) await once(to, "drain", { signal: link.gone });
      }
      await this.#passage(link);
      to.end();
    } catch {
      // As abruptly as it came.
      if (!to.destroyed) to.resetAndDestroy();
    }
  }

  async #passage(link: Link, chunk?: Buffer): Promise<void> {
    const takes = ((chunk?.length ?? 0) / this.#rate) * 1_000;
    if (takes > 0) await pause(takes, undefined, { signal: link.gone });
    if (this.#delay > 0) await pause(this.#delay, undefined, { signal: link.gone });
    while (this.#isHolding || link.isForgotten) await once(this.#changes, "change", { signal: link.gone });
  }
}
