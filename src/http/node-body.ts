import type { Readable } from "node:stream";
import { tooLarge, tooSlow, unreadable } from "./body.ts";
import type { Refusal } from "./refusal.ts";
import type { BodyLimits, RequestBody } from "./request.ts";

/** Reads a body from a stream of Node's. Rejects with a Refusal. */
export function readText(stream: Readable, limits: BodyLimits): Promise<RequestBody> {
  return new Promise((resolve, reject) => {
    const refuse = (refusal: Refusal): void => {
      done();
      reject(refusal);
    };
    const chunks: Buffer[] = [];
    let bytes = 0;
    const data = (chunk: Buffer | string): void => {
      const piece = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
      bytes += piece.length;
      if (bytes <= limits.maxBody) chunks.push(piece);
      else refuse(tooLarge(limits.maxBody));
    };
    const end = (): void => {
      done();
      // A request that is held would hold all of this as well.
      stream.on("error", ignore).off("data", data).off("end", end).off("error", broken).off("close", closed);
      resolve({ text: (chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)).toString() });
    };
    const broken = (): void => refuse(unreadable());
    const closed = (): void => {
      // Every stream closes, most after their end: an Error made for each would cost more than its request.
      if (!stream.readableEnded) broken();
    };
    // What has happened already is not told again.
    if (stream.readableEnded) return resolve({ text: "" });
    if (stream.destroyed) return reject(unreadable());
    const done = limits.within(() => reject(tooSlow()));
    stream.on("data", data).on("end", end).on("error", broken).on("close", closed);
  });
}

function ignore(): void {}
