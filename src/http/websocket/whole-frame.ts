import { Duplex } from "node:stream";
import { isNode } from "../../util/runtime.ts";

/** The part of the package ws that makes frames. The package does not document it, so that a version may lack it. */
export interface FramingPackage {
  readonly Sender?: { readonly frame?: Frame };
}

type Frame = (data: Uint8Array, options: Readonly<Record<string, unknown>>) => readonly Uint8Array[];

/** The options of a message that is one frame of text, from a server. */
const TEXT = { fin: true, rsv1: false, opcode: 1, mask: false, readOnly: true };

/** The length of the longest message that is copied into a frame, in bytes. Beyond it, a second write costs less than a copy. */
const LONGEST = 16 * 1024;

// Captured on loading: a tool that replaces it later wants to see what is written.
const { write } = Duplex.prototype;

const frames = new WeakMap<Uint8Array, Buffer>();

let frame: Frame | undefined;

/** Takes the function that makes frames from the package, if it has one. */
export function learnFraming({ Sender }: FramingPackage): void {
  if (isNode() && typeof Sender?.frame === "function") frame = Sender.frame;
}

/**
 * Returns a message as one frame, to be written to this socket. Sockets that share the message share the frame, and ws would make
 * a head for each and write two pieces. Undefined if ws itself has to send: the message is long, the package makes no frames, or
 * something has wrapped the socket's `write`.
 */
export function wholeFrameOf(message: Uint8Array, socket: Duplex): Buffer | undefined {
  if (frame === undefined || message.length > LONGEST || socket.write !== write) return undefined;
  let whole = frames.get(message);
  if (whole === undefined) {
    whole = Buffer.concat(frame(message, TEXT));
    frames.set(message, whole);
  }
  return whole;
}
