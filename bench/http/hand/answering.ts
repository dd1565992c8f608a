import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { textOf } from "../text-of.ts";

/** The headers of the bus's own answers, so that what a server by hand writes is the same to the byte. */
export const HEADERS = {
  "Content-Type": "application/json; charset=utf-8",
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
};

/** A bare server that parses the body, and gives this answer. */
export function bare(answer: string): RequestListener {
  return (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const asked = JSON.parse(Buffer.concat(chunks).toString()) as { readonly channels?: unknown };
      const status = Array.isArray(asked.channels) ? 200 : 400;
      response.writeHead(status, { ...HEADERS, "Content-Length": Buffer.byteLength(answer) });
      response.end(answer);
    });
  };
}

/**
 * The work that no long poll can omit: reading a bounded body, naming its errors, waiting, and noticing a client that
 * leaves.
 */
export function floor(answer: string): RequestListener {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const left = new Set<() => void>();
    response.on("close", () => {
      for (const each of left) each();
    });
    try {
      if (request.headers["content-type"] !== "application/json") throw new Error("415");
      const text = await textOf(request, 65_536);
      const { channels, last } = JSON.parse(text) as { readonly channels?: unknown; readonly last?: unknown };
      if (!Array.isArray(channels) || !channels.every((channel) => typeof channel === "string")) throw new Error("400");
      if (!Number.isSafeInteger(last)) throw new Error("400");
      response.writeHead(200, { ...HEADERS, "Content-Length": Buffer.byteLength(answer) });
      response.end(answer);
    } catch (error) {
      response.writeHead(Number((error as Error).message)).end();
    }
  };
}
