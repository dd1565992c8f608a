import fc from "fast-check";
import { inputs } from "./inputs.ts";

type Body = Exclude<RequestInit["body"], null | undefined>;

/** The ways in which a body may come. */
const BODIES: readonly ((text: string, at: number) => Body)[] = [
  (text) => text,
  (text) => Buffer.from(text),
  (text, at) => streamOf([text.slice(0, at), text.slice(at)]),
  (text, at) => streamOf([text.slice(0, at)], new Error("the connection was reset")),
];

/** The events that may befall a request before the mount gets it. */
type Fate = (request: Request) => unknown;
const FATES: readonly Fate[] = [() => {}, () => {}, () => {}, (request) => request.text().catch(() => {})];

/** Requests of the Fetch standard, and what happens to them. */
export const requests: fc.Arbitrary<() => Promise<Request>> = fc
  .tuple(inputs, fc.constantFrom(...BODIES), fc.constantFrom(...FATES), fc.nat(), fc.nat({ max: 5 }))
  .map(([{ method, target, headers, body }, write, happen, at, left]) => async () => {
    const bodiless = body === undefined || method === "GET" || method === "HEAD";
    const request = new Request(new URL(`http://localhost/longpolling${target}`), {
      method,
      headers: headers.map(([name, value]): [string, string] => [name, value]),
      ...(bodiless ? {} : { body: write(body, at % (body.length + 1)), duplex: "half" }),
      ...(left === 0 ? { signal: AbortSignal.abort() } : {}),
    });
    await happen(request);
    return request;
  });

function streamOf(pieces: readonly string[], error?: Error): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
      if (error === undefined) controller.close();
      else controller.error(error);
    },
  });
}
