import type { Clock } from "../../util/clock.ts";
import { textOf } from "./shared-text.ts";
import type { Wire, WireListener } from "./wire.ts";

/** The part of Deno that nightbus uses. */
interface DenoRuntime {
  upgradeWebSocket(
    request: Request,
    options: { readonly idleTimeout: number },
  ): { readonly socket: DenoSocket; readonly response: Response };
}

interface DenoSocket {
  binaryType: string;
  readonly bufferedAmount: number;
  addEventListener(event: "open" | "close" | "error", listener: () => void): void;
  addEventListener(event: "message", listener: (message: { readonly data: string | ArrayBuffer }) => void): void;
  send(text: string): void;
  close(code: number, reason: string): void;
}

/** The time after which Deno drops a client that answers no ping, in seconds. Deno pings by itself, within half of it. */
const IDLE = 60;

/** The pause between two looks at unsent bytes, in ms. Sockets of Deno do not tell when their client took them. */
const LOOK = 20;

/**
 * Asks Deno for the upgrade of a request. `open` is called with the socket; `gone` if it never opens. Throws Deno's error if Deno
 * refuses the request.
 */
export function upgradeOnDeno(
  request: Request,
  { clock, maxBody }: { readonly clock: Clock; readonly maxBody: number },
  open: (wire: Wire) => WireListener,
  gone: () => void,
): Response {
  const deno = (globalThis as unknown as { readonly Deno: DenoRuntime }).Deno; // the caller looked
  const { socket, response } = deno.upgradeWebSocket(request, { idleTimeout: IDLE });
  const wire = new DenoWire(socket, clock);
  let listener: WireListener | undefined;
  socket.binaryType = "arraybuffer";
  socket.addEventListener("open", () => {
    listener = open(wire);
  });
  socket.addEventListener("message", ({ data }) => {
    const size = typeof data === "string" ? Buffer.byteLength(data) : data.byteLength;
    if (size > maxBody) socket.close(1009, "");
    else listener?.frame(typeof data === "string" ? data : new Uint8Array(data));
  });
  // A socket whose client goes before it opens fails without a close.
  socket.addEventListener("error", () => (listener === undefined ? gone() : listener.faulty()));
  socket.addEventListener("close", () => {
    wire.stop();
    if (listener === undefined) gone();
    else listener.gone();
  });
  return response;
}

class DenoWire implements Wire {
  readonly #socket: DenoSocket;
  readonly #clock: Clock;
  #hasStopped = false;

  constructor(socket: DenoSocket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
  }

  get unsent(): number {
    return this.#socket.bufferedAmount;
  }

  send(bytes: Uint8Array): boolean {
    this.#socket.send(textOf(bytes));
    return this.unsent === 0;
  }

  drained(callback: () => void): void {
    const look = (): void => {
      if (this.#hasStopped) return;
      if (this.unsent > 0) this.#clock.setTimeout(look, LOOK);
      else callback();
    };
    this.#clock.setTimeout(look, 0);
  }

  /** Notes that the client has gone. */
  stop(): void {
    this.#hasStopped = true;
  }

  close(code: number, reason: string): void {
    if (!this.#hasStopped) this.#socket.close(code, reason);
  }

  // Deno ends a connection that answers nothing after its idle timeout.
  terminate(): void {
    this.close(1001, "");
  }
}
