import { ServerResponse } from "node:http";
import { Socket } from "node:net";
import { Duplex } from "node:stream";
import { isNode } from "../../util/runtime.ts";

// Captured on loading: a tool that replaces them later wants to see what is written.
const { write } = ServerResponse.prototype;
const { write: writeBelow } = Duplex.prototype;

/**
 * Returns the socket of a response if whole chunks may be written to it directly, which takes half the time. Null if
 * anything is in the way:
 *
 * - the response has no chunks: HTTP/1.0, HTTP/2, a stated length
 * - something has wrapped `write`, such as a middleware that compresses
 * - the response waits for earlier ones of its connection, or holds bytes back itself
 * - the response has ended, or its client has gone
 */
export function chunkedSocketOf(response: ServerResponse): Socket | null {
  if (!isNode() || response.write !== write) return null;
  const { socket } = response;
  if (!response.chunkedEncoding || response.writableEnded || !(socket instanceof Socket)) return null;
  if (socket.write !== writeBelow || socket.destroyed) return null;
  return response.writableLength === socket.writableLength ? socket : null;
}
