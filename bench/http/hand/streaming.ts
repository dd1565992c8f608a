import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";

/** A server of streams. */
export interface Streaming {
  readonly listener: RequestListener;
  /** Writes a message to all streams. */
  send(message: unknown): unknown;
}

/**
 * A server as many would write it: a set of responses, and frames that become bytes once. `ownChunks` makes the chunk of a frame
 * once as well, and writes it to the sockets below the responses.
 */
export function byHand(ownChunks: boolean): Streaming {
  const clients = new Set<ServerResponse>();
  let id = 870_000_000_000_000;
  const listener = (_: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-cache, no-transform" });
    response.write(`retry: 2000\nid: ${id}\n\n`);
    clients.add(response);
    response.on("close", () => clients.delete(response));
  };
  const toAll = (data: unknown): void => {
    id += 1;
    const json = JSON.stringify({ id, channel: "lobby", message: data });
    const frame = Buffer.from(`id: ${id}\ndata: ${json}\n\n`);
    if (!ownChunks) {
      for (const client of clients) client.write(frame);
      return;
    }
    const chunk = Buffer.from(`${frame.length.toString(16)}\r\n${frame}\r\n`);
    for (const { socket } of clients) socket?.write(chunk);
  };
  return { listener, send: toAll };
}
