import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { textOf } from "../text-of.ts";
import { HEADERS } from "./answering.ts";

/** A server that holds polls. */
export interface Polled {
  readonly listener: RequestListener;
  /** The number of held polls. */
  parked(): number;
  /** The newest id. */
  last(): number;
  /** Answers all held polls. */
  send(message: unknown): unknown;
}

/**
 * The work that no long poll can omit, and that a promise holds. A body is JSON, and bounded in size and time; a cursor
 * is checked; a wait has a deadline, and a client may leave.
 */
export function floor(): Polled {
  const { listener: _, ...hand } = byHand();
  const waiting = new Map<(answer: Answer) => void, number>();
  const reading = new Map<IncomingMessage, number>();
  const hold = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.url !== "/poll" || request.method !== "POST") throw new Error("404");
    if (request.headers["content-type"] !== "application/json") throw new Error("415");
    reading.set(request, performance.now() + 30_000);
    const { channels, last } = JSON.parse(await textOf(request, 65_536)) as { channels?: unknown; last?: unknown };
    reading.delete(request);
    if (!Array.isArray(channels) || channels.some((name) => typeof name !== "string")) throw new Error("400");
    if (last !== hand.last()) throw new Error("only who has read everything is held");
    const { headers, body } = await new Promise<Answer>((resolve) => {
      waiting.set(resolve, performance.now() + 50_000);
      response.on("close", () => waiting.delete(resolve));
    });
    response.writeHead(200, headers).end(body);
  };
  const answerAll = (message: unknown): void => {
    const answer = hand.answerOf(message);
    const all = [...waiting.keys()];
    waiting.clear();
    for (const resolve of all) resolve(answer);
  };
  return { ...hand, listener: hold, parked: () => waiting.size, send: answerAll };
}

interface Answer {
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: Buffer;
}

/**
 * A server as many would write it: a list of responses, and an answer that becomes bytes once. Readers that are away
 * miss everything.
 */
export function byHand(): Polled & { answerOf(message: unknown): Answer } {
  let held: ServerResponse[] = [];
  let id = 1_700_000_000_000_000;
  const hold = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { channels } = JSON.parse(Buffer.concat(chunks).toString()) as { readonly channels?: unknown };
      if (!Array.isArray(channels)) throw new Error("a poll names channels");
      held.push(response);
    });
  };
  const answerOf = (message: unknown): Answer => {
    id += 1;
    const notifications = [{ id, channel: "lobby", message }];
    const body = Buffer.from(JSON.stringify({ notifications, last: id, missed: false }));
    return { headers: { ...HEADERS, "Content-Length": body.length }, body };
  };
  const answerAll = (message: unknown): void => {
    const { headers, body } = answerOf(message);
    const all = held;
    held = [];
    for (const response of all) response.writeHead(200, headers).end(body);
  };
  return { listener: hold, parked: () => held.length, last: () => id, send: answerAll, answerOf };
}
