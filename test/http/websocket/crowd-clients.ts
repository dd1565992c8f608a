import type { Socket } from "node:net";
import { frame, opened } from "./raw.ts";

/** Clients that count the notifications which come, in this process or another. */
export interface Clients {
  /** Opens so many sockets on a channel, and resolves when all are open. */
  open(count: number, channel: string): Promise<void>;
  /** The notifications of the crowd that came so far. */
  readonly heard: number;
  /** Stops the newest socket from reading. */
  pauseLast(): void;
  close(): void;
}

/** The orders to clients in another process. That process answers each with the number heard so far. */
export type Order = { readonly open: number; readonly channel: string } | "pause" | "heard";

/** Clients in this process. */
export class RawClients implements Clients {
  heard = 0;
  readonly #port: number;
  readonly #sockets: Socket[] = [];

  constructor(port: number) {
    this.#port = port;
  }

  async open(count: number, channel: string): Promise<void> {
    for (let n = 0; n < count; n += 1) {
      const socket = await opened(this.#port);
      this.#sockets.push(socket);
      const data = { event_name: "subscribe", data: { channels: [channel], last: 0 } };
      socket.write(frame(0x81, JSON.stringify(data)));
      // A frame of the crowd is small, so that its first bytes come in one piece.
      socket.on("data", (bytes: Buffer) => {
        this.heard += bytes.toString("latin1").split('"type":"crowd"').length - 1;
      });
    }
  }

  pauseLast(): void {
    this.#sockets.at(-1)?.pause();
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
