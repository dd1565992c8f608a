import type { BunSocket, BunWebSockets } from "./bun-types.ts";
import { textOf } from "./shared-text.ts";
import type { Admitted, Sockets } from "./sockets.ts";
import type { Wire, WireListener } from "./wire.ts";

/** The part of a server of Bun that nightbus uses. */
interface BunServer {
  upgrade(request: Request, options: { readonly data: unknown }): boolean;
}

/** Returns true if a value is a server of Bun. */
export function isBunServer(server: unknown): server is BunServer {
  return "Bun" in globalThis && typeof (Object(server) as { upgrade?: unknown }).upgrade === "function";
}

/** Asks Bun for the upgrade of a request. Returns false if Bun refuses it. */
export function upgradeOnBun<Context>(server: BunServer, request: Request, admitted: Admitted<Context>): boolean {
  return server.upgrade(request, { data: new BunState(admitted) });
}

/** Returns the handlers of Bun's sockets. */
export function bunHandlers<C extends object, Context>(sockets: Sockets<C, Context>): BunWebSockets {
  const stateOf = ({ data }: BunSocket): BunState<Context> | undefined =>
    data instanceof BunState ? (data as BunState<Context>) : undefined; // the mount's own upgrade made it
  return {
    maxPayloadLength: Math.min(sockets.options.maxBody, 2 ** 31 - 1),
    idleTimeout: 0,
    backpressureLimit: 2 ** 31 - 1,
    sendPings: false,
    open(socket) {
      const state = stateOf(socket);
      if (state !== undefined) state.begin(socket, (wire) => sockets.open(wire, state.admitted));
    },
    message: (socket, data) => stateOf(socket)?.listener?.frame(data),
    drain: (socket) => stateOf(socket)?.wire?.taken(),
    ping: (socket) => stateOf(socket)?.listener?.pinged(),
    pong: (socket) => stateOf(socket)?.listener?.ponged(),
    close: (socket) => stateOf(socket)?.end(),
  };
}

/** The state of one socket of Bun. */
class BunState<Context> {
  readonly admitted: Admitted<Context>;
  wire: BunWire | undefined;
  listener: WireListener | undefined;

  constructor(admitted: Admitted<Context>) {
    this.admitted = admitted;
  }

  begin(socket: BunSocket, open: (wire: Wire) => WireListener): void {
    this.wire = new BunWire(socket);
    this.listener = open(this.wire);
  }

  end(): void {
    if (this.listener === undefined) this.admitted.admission.leave();
    else this.listener.gone();
  }
}

class BunWire implements Wire {
  readonly #socket: BunSocket;
  #drained: (() => void) | undefined;

  constructor(socket: BunSocket) {
    this.#socket = socket;
  }

  get unsent(): number {
    return this.#socket.getBufferedAmount();
  }

  send(bytes: Uint8Array): boolean {
    return this.#socket.sendText(textOf(bytes)) > 0;
  }

  drained(callback: () => void): void {
    if (this.unsent > 0) this.#drained = callback;
    else process.nextTick(callback);
  }

  /** Notes that the client has taken what waited for it. */
  taken(): void {
    const callback = this.#drained;
    this.#drained = undefined;
    callback?.();
  }

  ping(): void {
    this.#socket.ping();
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  terminate(): void {
    this.#socket.terminate();
  }
}
