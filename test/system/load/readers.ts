import { Agent, type ClientRequest, get, type IncomingMessage } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { callbacks } from "../../../src/util/signals.ts";
import type { Book } from "./book.ts";
import type { Message } from "./lines.ts";

/** Reads on and on into its book, until the signal. */
export type Reader = (book: Book, address: () => string, end: AbortSignal) => Promise<void>;

/** The manner in which readers read. The last two of the streams hold the server up as far as they can. */
export const READERS = {
  /** Polls, waits for the answer, and polls again. */
  patient: (book, address, end) => polls(book, address, end, () => Number.POSITIVE_INFINITY),
  /** Polls, and crashes before the answer as often as not. */
  hasty: (book, address, end) => polls(book, address, end, () => 200 + Math.random() * 30_000),
  /** Streams for as long as the server likes. */
  steady: (book, address, end) => streams(book, address, end, async () => {}),
  /** Streams, crashes after a while, and comes back. */
  crashing: (book, address, end) =>
    streams(book, address, end, async (response) => {
      await pause(500 + Math.random() * 20_000);
      response.destroy();
    }),
  /** Reads for a moment, and then does not for another. */
  slow: (book, address, end) =>
    streams(book, address, end, async (response) => {
      while (!response.destroyed && !response.readableEnded) {
        response.pause();
        await pause(300);
        response.resume();
        await pause(100);
      }
    }),
  /** Stops reading for so long that it may find itself cut off. */
  stalled: (book, address, end) =>
    streams(book, address, end, async (response) => {
      while (!response.destroyed && !response.readableEnded) {
        response.pause();
        await pause(2_000 + Math.random() * 6_000);
        response.resume();
        await pause(2_000);
      }
    }),
  /** Asks for a stream and never reads it. */
  never: (book, address, end) =>
    streams(book, address, end, async (response) => {
      response.pause();
    }),
} as const satisfies Readonly<Record<string, Reader>>;

const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY, maxFreeSockets: 100_000 });

async function polls(book: Book, address: () => string, end: AbortSignal, patience: () => number): Promise<void> {
  while (!end.aborted) {
    const query = `channels=${encodeURIComponent(book.channel)}&timeout=10000&last=${book.last ?? ""}`;
    // From 0 it would read what was trimmed already; who knows no position begins with a stream's first frame.
    const path = book.last === undefined ? `/poll?channels=nobody&timeout=0` : `/poll?${query}`;
    const answer = await within(patience(), end, (signal) =>
      textOf(get(`http://${address()}${path}`, { agent, signal })),
    );
    if (answer === undefined) continue;
    const { notifications, last, missed } = JSON.parse(answer) as Answer;
    if (missed && book.last !== undefined) book.missed();
    for (const { id, message } of notifications) book.read(id, message);
    book.last = String(last);
  }
}

interface Answer {
  readonly notifications: readonly { readonly id: number; readonly message: Message }[];
  readonly last: number;
  readonly missed: boolean;
}

async function streams(
  book: Book,
  address: () => string,
  end: AbortSignal,
  behave: (response: IncomingMessage) => Promise<void>,
): Promise<void> {
  while (!end.aborted) {
    const resume = book.last === undefined ? "" : `&last=${book.last}`;
    const url = `http://${address()}/events?channels=${encodeURIComponent(book.channel)}${resume}`;
    await new Promise<void>((resolve) => {
      const request = get(url, { agent: false }, (response) => {
        take(book, response);
        void behave(response);
        response.on("error", () => {});
      });
      const hangUp = () => void request.destroy();
      callbacks.add(end, hangUp);
      request.on("error", () => {}).on("close", resolve);
      request.on("close", () => callbacks.remove(end, hangUp));
    });
    await pause(20 + Math.random() * 200);
  }
}

/** Reads frames into the book. */
function take(book: Book, response: IncomingMessage): void {
  let rest = "";
  response.setEncoding("utf8").on("data", (text: string) => {
    const frames = (rest + text).split("\n\n");
    rest = frames.pop()!; // a split has a last part
    for (const frame of frames) {
      if (frame.includes("event: missed")) book.missed();
      const data = /^data: (.*)$/m.exec(frame)?.[1];
      const id = /^id: (\d+)$/m.exec(frame)?.[1];
      if (data !== undefined && !frame.includes("event: ")) {
        const notification = JSON.parse(data) as Answer["notifications"][number];
        book.read(notification.id, notification.message);
      }
      book.last = id ?? book.last;
    }
  });
}

/** The outcome of work that is broken off after so many ms, or at the end; undefined when it was, or failed. */
async function within<T>(
  ms: number,
  end: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const own = new AbortController();
  const abort = (): void => own.abort();
  const timer = ms === Number.POSITIVE_INFINITY ? undefined : setTimeout(abort, ms);
  callbacks.add(end, abort);
  try {
    return await work(own.signal);
  } catch {
    await pause(20 + Math.random() * 200);
    return undefined;
  } finally {
    clearTimeout(timer);
    callbacks.remove(end, abort);
  }
}

function textOf(request: ClientRequest): Promise<string> {
  return new Promise((resolve, reject) => {
    request.on("error", reject).on("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("error", reject).on("end", () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`${response.statusCode} ${text}`));
      });
    });
  });
}
