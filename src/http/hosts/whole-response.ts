import { ServerResponse } from "node:http";
import { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { JsonReply } from "../endpoint/json-reply.ts";
import { HEADERS } from "../endpoint/replies.ts";

/** The state of a response that Node keeps to itself. All is checked, since another version may have other names. */
interface Internals {
  _header: unknown;
  _headerSent: unknown;
  readonly _defaultKeepAlive: unknown;
  readonly _expect_continue: unknown;
  readonly _hasBody: unknown;
  readonly _keepAliveTimeout: unknown;
  readonly _maxRequestsPerSocket: unknown;
  readonly _removedConnection: unknown;
  readonly maxRequestsOnConnectionReached: unknown;
}

/** A head as Node made it, in two parts around the length of the body. */
interface Head {
  readonly status: number;
  readonly standing: JsonReply["standing"];
  /** The timeout of kept connections that the head states. */
  readonly timeout: unknown;
  /** The date that the head states, in seconds. */
  readonly second: number;
  readonly message: string;
  readonly before: string;
  readonly after: string;
}

/** True on Node itself. Other runtimes have responses of the same name, with other sockets behind. */
const IS_NODE = !("Bun" in globalThis) && !("Deno" in globalThis);

// Captured on loading: a tool that replaces them later wants to see what is written.
const { write, end, writeHead } = ServerResponse.prototype;
const { write: writeBelow } = Duplex.prototype;

/** The newest head. A server mostly answers with the same one, and a second ends its use. */
let newest: Head | undefined;

/**
 * Writes the head and the body of a response in one piece to its socket, and ends the response. Node makes the head of
 * the first response in each second, and the others share its text. Returns the bytes, or undefined if nothing was
 * written because anything is in the way:
 *
 * - there is no such head yet, or Node's names for it are others
 * - the connection is not kept alive, or is of HTTP/2; or the response has no body
 * - something has wrapped a method, such as a middleware that compresses
 * - another handler has set headers, a status text or another manner to end
 * - the response waits for earlier ones of its connection, or holds bytes back itself
 */
export function writeWhole(response: ServerResponse, reply: JsonReply): Buffer | undefined {
  const head = newest;
  if (head === undefined || head.standing !== reply.standing || head.status !== reply.status) return undefined;
  if (head.second !== thisSecond() || !isPlain(response)) return undefined;
  const { socket } = response;
  const internals = response as unknown as Internals;
  if (internals._keepAliveTimeout !== head.timeout || !isFree(socket, response)) return undefined;
  const known = reply.written;
  const written = known?.form === head ? known : wholeOf(head, reply);
  response.statusCode = head.status;
  response.statusMessage = head.message;
  internals._header = written.head;
  internals._headerSent = true;
  socket.write(written.bytes);
  response.end(); // Node waits for the socket, if that could not take all at once
  return written.bytes;
}

/** Keeps the head that Node made for a reply, if the response was plain before. Only the standing headers come again. */
export function keepHead(response: ServerResponse, { status, standing, body }: JsonReply): void {
  if (standing !== HEADERS) return;
  const { _header: header, _headerSent: isSent, _keepAliveTimeout: timeout } = response as unknown as Internals;
  if (typeof header !== "string" || isSent !== false) return;
  const message = response.statusMessage;
  const before = `HTTP/1.1 ${status} ${message}\r\nContent-Length: `;
  const rest = `${before}${body.length}\r\n`;
  if (!header.startsWith(rest) || !header.includes("\r\nConnection: keep-alive\r\n")) return;
  const after = header.slice(rest.length - 2);
  const [, date = ""] = /\r\nDate: ([^\r]+)/.exec(after) ?? [];
  newest = { status, standing, timeout, second: Date.parse(date) / 1_000, message, before, after };
}

/** Returns true if nobody has changed a response, so that its head depends on its reply and the server alone. */
export function isPlain(response: ServerResponse): boolean {
  if (!IS_NODE || response.write !== write || response.end !== end || response.writeHead !== writeHead) return false;
  if (!response.sendDate || !response.shouldKeepAlive || response.statusMessage !== undefined) return false;
  if (response.strictContentLength || response.writableCorked > 0) return false;
  const internals = response as unknown as Internals;
  return (
    internals._hasBody === true &&
    internals._header === null &&
    internals._headerSent === false &&
    internals._defaultKeepAlive === true &&
    internals._removedConnection === false &&
    internals._expect_continue === false &&
    internals.maxRequestsOnConnectionReached === false &&
    (internals._maxRequestsPerSocket ?? 0) === 0 && // servers of HTTPS have none
    response.getHeaderNames().length === 0
  );
}

function isFree(socket: Socket | null, response: ServerResponse): socket is Socket {
  if (!(socket instanceof Socket) || socket.write !== writeBelow || socket.destroyed || !socket.writable) return false;
  return response.writableLength === socket.writableLength;
}

function wholeOf(head: Head, reply: JsonReply): NonNullable<JsonReply["written"]> {
  const text = `${head.before}${Buffer.byteLength(reply.text)}${head.after}`;
  const written = { form: head, head: text, bytes: Buffer.from(text + reply.text) };
  reply.written = written;
  return written;
}

function thisSecond(): number {
  return Math.floor(Date.now() / 1_000);
}
