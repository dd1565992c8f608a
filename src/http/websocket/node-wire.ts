import type { IncomingMessage } from "node:http";
import { createRequire } from "node:module";
import type { Duplex } from "node:stream";
import { BusError } from "../../errors.ts";
import { type FramingPackage, learnFraming, wholeFrameOf } from "./whole-frame.ts";
import type { Wire, WireListener } from "./wire.ts";

/**
 * The part of the package ws that nightbus uses. The package crossws has more runtimes, but sends no shared bytes as text, and hides
 * the bytes that a client has yet to take.
 */
interface WebSocketServer {
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, opened: (webSocket: WebSocket) => void): void;
}

interface WebSocket {
  readonly readyState: number;
  on(event: "message", listener: (this: WebSocket, data: Buffer, isBinary: boolean) => void): this;
  on(event: "ping" | "pong" | "error" | "close", listener: (this: WebSocket) => void): this;
  send(data: Uint8Array, options: SendOptions): void;
  ping(): void;
  pong(): void;
  close(code: number, reason: string): void;
  terminate(): void;
}

interface SendOptions {
  readonly binary: boolean;
}

type Constructor = new (options: {
  readonly noServer: true;
  readonly clientTracking: false;
  readonly perMessageDeflate: false;
  readonly autoPong: false;
  readonly maxPayload: number;
}) => WebSocketServer;

const TEXT: SendOptions = { binary: false };

/** The state in which a socket of ws takes frames. */
const OPEN = 1;

/** Completes handshakes of Node by the package ws. */
export class WsServer {
  readonly #server: WebSocketServer;

  /** Throws `bad_option` if ws is not installed. */
  constructor(maxBody: number) {
    const Server = loaded();
    this.#server = new Server({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false, // a compressed frame is made anew for each socket
      autoPong: false, // pings count as frames
      maxPayload: Math.min(maxBody, 2 ** 31 - 1),
    });
  }

  /** Completes a handshake, and hands over the socket. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, open: (wire: Wire) => WireListener): void {
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      listen(webSocket, open(new WsWire(webSocket, socket)));
    });
  }
}

/** The key of a WebSocket's listener. All sockets share their functions, because five of their own would weigh 300 bytes. */
const LISTENER = Symbol("listener");

interface Heard extends WebSocket {
  [LISTENER]: WireListener;
}

function listen(webSocket: WebSocket, listener: WireListener): void {
  (webSocket as Heard)[LISTENER] = listener; // the functions below find it there
  webSocket.on("message", onMessage).on("ping", onPing).on("pong", onPong).on("error", onError).on("close", onClose);
}

function onMessage(this: WebSocket, data: Buffer, isBinary: boolean): void {
  listenerOf(this).frame(isBinary ? data : data.toString());
}

function onPing(this: WebSocket): void {
  listenerOf(this).pinged();
}

function onPong(this: WebSocket): void {
  listenerOf(this).ponged();
}

function onError(this: WebSocket): void {
  listenerOf(this).faulty();
}

function onClose(this: WebSocket): void {
  listenerOf(this).gone();
}

function listenerOf(webSocket: WebSocket): WireListener {
  return (webSocket as Heard)[LISTENER]; // `listen` put it there
}

/** A WebSocket of ws, and the connection below it. */
class WsWire implements Wire {
  readonly #webSocket: WebSocket;
  readonly #socket: Duplex;

  constructor(webSocket: WebSocket, socket: Duplex) {
    this.#webSocket = webSocket;
    this.#socket = socket;
  }

  get unsent(): number {
    return this.#socket.writableLength;
  }

  send(bytes: Uint8Array): boolean {
    const frame = this.#webSocket.readyState === OPEN ? wholeFrameOf(bytes, this.#socket) : undefined;
    if (frame === undefined) this.#webSocket.send(bytes, TEXT);
    else this.#socket.write(frame);
    return !this.#socket.writableNeedDrain;
  }

  // A client that goes instead is reported elsewhere, and has nothing to go on with.
  drained(callback: () => void): void {
    if (this.#socket.writableNeedDrain) this.#socket.once("drain", callback);
    else process.nextTick(callback);
  }

  ping(): void {
    this.#webSocket.ping();
  }

  pong(): void {
    this.#webSocket.pong();
  }

  close(code: number, reason: string): void {
    this.#webSocket.close(code, reason);
  }

  terminate(): void {
    this.#webSocket.terminate();
  }
}

let Server: Constructor | undefined;

// Bundlers leave a name that they do not see, and the package need not be there when they run.
function loaded(): Constructor {
  if (Server !== undefined) return Server;
  try {
    const ws = createRequire(import.meta.url)("ws") as FramingPackage & { readonly WebSocketServer: Constructor };
    learnFraming(ws);
    Server = ws.WebSocketServer;
    return Server;
  } catch (cause) {
    throw new BusError("bad_option", 'nightbus/websocket needs the package ws on Node: run "npm install ws"', {
      cause,
    });
  }
}
