import type { Readable } from "node:stream";
import { tooLarge, tooSlow, unreadable } from "../endpoint/body.ts";
import type { Refusal } from "../endpoint/refusal.ts";
import type { BodyLimits, RequestBody } from "../endpoint/request.ts";

/** Reads a body from a Node stream. Rejects with a Refusal. */
export function readText(stream: Readable, limits: BodyLimits): Promise<RequestBody> {
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] | undefined;
    let bytes = 0;
    const data = (chunk: Buffer | string): void => {
      const piece = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
      bytes += piece.length;
      if (bytes > limits.maxBody) refuse(tooLarge(limits.maxBody));
      else if (chunks === undefined) chunks = [piece];
      else chunks.push(piece);
    };
    const end = (): void => {
      limits.came(coming);
      // A held request would hold all of this as well.
      stream.off("data", data).off("end", end).off("error", broken).off("close", broken).on("error", ignore);
      resolve({ text: textOf(chunks) });
    };
    const broken = (): void => refuse(unreadable());
    const refuse = (refusal: Refusal): void => {
      limits.came(coming);
      reject(refusal);
    };
    // Node does not repeat events that have happened already.
    if (stream.readableEnded) return resolve({ text: "" });
    if (stream.destroyed) return reject(unreadable());
    const coming = limits.coming(() => reject(tooSlow()));
    stream.on("data", data).on("end", end).on("error", broken).on("close", broken);
  });
}

function textOf(chunks: readonly Buffer[] = []): string {
  return (chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)).toString();
}

function ignore(): void {}
