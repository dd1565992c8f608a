import fc from "fast-check";
import { type Input, inputs } from "./inputs.ts";

/** A request as it goes over a socket. */
export interface Written {
  readonly bytes: Buffer;
  /** True if HTTP says that the request is complete: it is then answered while the client stays. */
  readonly isWhole: boolean;
}

type Framing = (body: Buffer, at: number) => { readonly headers: readonly string[]; readonly bytes: Buffer };

const length = (bytes: number): string => `Content-Length: ${bytes}`;
const CHUNKED = "Transfer-Encoding: chunked";

const WHOLE: readonly Framing[] = [
  (bytes) => ({ headers: [length(bytes.length)], bytes }),
  (bytes, at) => ({ headers: [CHUNKED], bytes: chunks(bytes.subarray(0, at), bytes.subarray(at)) }),
];

const BROKEN: readonly Framing[] = [
  (bytes, at) => ({ headers: [length(bytes.length)], bytes: bytes.subarray(0, at) }),
  (bytes, at) => ({ headers: [length(at)], bytes }),
  (bytes) => ({ headers: [length(bytes.length), length(bytes.length + 1)], bytes }),
  (bytes, at) => ({ headers: [length(at), CHUNKED], bytes: chunks(bytes) }),
  (bytes, at) => ({ headers: [CHUNKED], bytes: chunks(bytes).subarray(0, at) }),
  (bytes) => ({ headers: [CHUNKED], bytes: Buffer.concat([Buffer.from("fffffffff\r\n"), bytes]) }),
  (bytes) => ({ headers: ["Content-Length: -1"], bytes }),
  (bytes) => ({ headers: [], bytes }),
];

const whole = fc
  .tuple(inputs, fc.constantFrom(...WHOLE), fc.nat())
  .map(([input, framing, at]): Written => ({ bytes: write(input, framing, at), isWhole: true }));

const broken = fc
  .tuple(inputs, fc.constantFrom(...BROKEN), fc.nat())
  .map(([input, framing, at]): Written => ({ bytes: write(input, framing, at), isWhole: false }));

/** Some bytes of the head are others, or are missing. */
const garbled = fc
  .tuple(
    inputs,
    fc.nat({ max: 200 }),
    fc.nat({ max: 3 }),
    fc.constantFrom("", "\r\n", "\n", "\r", "\0", "\r\n\r\n", ":", "\xff", " "),
  )
  .map(([input, at, gone, instead]): Written => {
    const bytes = write(input, WHOLE[0]!, 0);
    return {
      bytes: Buffer.concat([bytes.subarray(0, at), Buffer.from(instead, "latin1"), bytes.subarray(at + gone)]),
      isWhole: false,
    };
  });

/** Requests over sockets: whole ones, ones that are cut or framed wrongly, and what is no HTTP. */
export const writtenRequests: fc.Arbitrary<Written> = fc.oneof(
  { weight: 6, arbitrary: whole },
  { weight: 2, arbitrary: broken },
  { weight: 2, arbitrary: garbled },
);

function write({ method, target, headers, body = "" }: Input, framing: Framing, at: number): Buffer {
  const all = Buffer.from(body);
  const framed = framing(all, at % (all.length + 1));
  const lines = [
    `${method} /longpolling${target} HTTP/1.1`,
    "Host: localhost",
    "Connection: close",
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...framed.headers,
  ];
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), framed.bytes]);
}

function chunks(...pieces: readonly Buffer[]): Buffer {
  const full = pieces.filter(({ length }) => length > 0);
  const parts = full.flatMap((piece) => [Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n")]);
  return Buffer.concat([...parts, Buffer.from("0\r\n\r\n")]);
}
