import { EventEmitter } from "node:events";
import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { Clock } from "../../util/clock.ts";
import { keepAlive } from "../../util/clock.ts";
import { processWide } from "../../util/process-wide.ts";
import { Refusal } from "../endpoint/refusal.ts";
import { refused } from "../endpoint/replies.ts";
import { pathIn } from "../hosts/node-host.ts";
import type { Handshake } from "./handshake.ts";
import { WsServer } from "./node-wire.ts";
import type { Admitted, Sockets } from "./sockets.ts";

/** The time after which an upgrade that no listener has touched is answered, in ms. */
const UNCLAIMED = 10_000;

/** The connections whose upgrade a mount of any copy of nightbus has taken. Its hook may still wait. */
const claimed = processWide("upgrades", () => new WeakSet<Duplex>());

/** Takes the upgrades of a server of Node. */
export class NodeUpgrades<C extends object, Context extends IncomingMessage | Request> {
  readonly #sockets: Sockets<C, Context>;
  readonly #server: WsServer;

  /** Throws `bad_option` if ws is not installed. */
  constructor(sockets: Sockets<C, Context>) {
    this.#sockets = sockets;
    this.#server = new WsServer(sockets.options.maxBody);
  }

  /**
   * Takes an upgrade on the path of the sockets, and returns true. Leaves any other alone, and returns false. `emitter` is the
   * server if it called its listener itself.
   */
  take(emitter: unknown, request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const handshake = handshakeOf(request);
    if (handshake.path !== this.#sockets.options.path) {
      if (emitter instanceof EventEmitter) leave(emitter.listenerCount("upgrade"), socket, this.#sockets.hub.clock);
      return false;
    }
    claimed.add(socket);
    ignoreErrors(socket);
    try {
      const admitted = this.#sockets.admit(handshake, request as Context); // hooks name the request of their host
      if (admitted instanceof Promise)
        admitted.then((one) => this.#open(one, request, socket, head)).catch((error) => this.#refuse(error, socket));
      else this.#open(admitted, request, socket, head);
    } catch (error) {
      this.#refuse(error, socket);
    }
    return true;
  }

  #open(admitted: Admitted<Context>, request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { admission } = admitted;
    if (!socket.readable || !socket.writable) {
      admission.leave();
      socket.destroy(); // the other half would stay open
      return;
    }
    let isOpen = false;
    try {
      this.#server.upgrade(request, socket, head, (wire) => {
        const opened = this.#sockets.open(wire, admitted);
        isOpen = true;
        return opened;
      });
      socket.off("error", ignore);
    } finally {
      if (!isOpen) admission.leave(); // ws has refused it
    }
  }

  #refuse(error: unknown, socket: Duplex): void {
    answer(this.#sockets.refusalFor(error), socket);
  }
}

/** Answers an upgrade that nobody takes: at once if there is no other listener, else once none has touched it for a time. */
function leave(listeners: number, socket: Duplex & { readonly bytesWritten?: number }, clock: Clock): void {
  const unknown = new Refusal(404, "not_found", "there is no WebSocket here");
  ignoreErrors(socket);
  if (listeners === 1) {
    answer(unknown, socket);
    return;
  }
  const { bytesWritten } = socket;
  const timer = clock.setTimeout(() => {
    const listening = socket.listenerCount("data") + socket.listenerCount("readable");
    const isTouched = claimed.has(socket) || socket.bytesWritten !== bytesWritten || listening > 0;
    if (!isTouched && !socket.destroyed) answer(unknown, socket);
  }, UNCLAIMED);
  keepAlive(timer, false);
}

/** Keeps a client that goes from ending the process. A connection has the listener once, however many mounts see its upgrade. */
function ignoreErrors(socket: Duplex): void {
  if (!socket.listeners("error").includes(ignore)) socket.on("error", ignore);
}

/** Answers over the bare connection, and ends it. */
function answer(refusal: Refusal, socket: Duplex): void {
  const { status, headers, body } = refused(refusal);
  const lines = Object.entries({ ...headers, Connection: "close" }).map(([name, value]) => `${name}: ${value}`);
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines].join("\r\n");
  socket.once("finish", () => socket.destroy());
  socket.end(Buffer.concat([Buffer.from(`${head}\r\n\r\n`), body as Uint8Array])); // a refusal has bytes
}

function handshakeOf(request: IncomingMessage): Handshake {
  const url = pathIn(request.url ?? "/");
  const end = url.indexOf("?");
  return {
    method: request.method ?? "GET",
    path: end === -1 ? url : url.slice(0, end),
    query: end === -1 ? "" : url.slice(end + 1),
    header: (name) => {
      const value = request.headers[name];
      return typeof value === "string" ? value : value?.join(", ");
    },
  };
}

function ignore(): void {}
