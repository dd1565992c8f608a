import fc from "fast-check";
import { CHANNELS, KEYS, NUMBERS, PIECES, TUPLES } from "./values.ts";

/** A request before it is written down. */
export interface Input {
  readonly method: string;
  /** The rest of the path behind the mount, with its query. */
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string | undefined;
}

const METHODS = ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "QUERY"];
const PATHS = [
  "",
  "/",
  "//poll",
  "/%2e%2e/poll",
  "/../poll",
  "/poll/",
  "/POLL",
  "/poll%00",
  "/constructor",
  "/__proto__",
  "/%zz",
  "/poll;a=1",
];

const channel = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...CHANNELS).map((name) => JSON.stringify(name)) },
  { weight: 1, arbitrary: fc.constantFrom(...PIECES) },
  { weight: 1, arbitrary: fc.string({ unit: "binary" }).map((name) => JSON.stringify(name)) },
);
const named = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('"lobby"', '"private"', '"x"') },
  { weight: 1, arbitrary: fc.constantFrom(...TUPLES) },
  { weight: 1, arbitrary: fc.constantFrom(...TUPLES).map((text) => JSON.stringify(text)) },
);
const number = fc.constantFrom(...NUMBERS);
const message = fc.oneof(fc.json({ maxDepth: 3 }), fc.constantFrom(...PIECES), channel);

const object = (members: readonly string[]): string => `{${members.join()}}`;
const list = (members: readonly string[]): string => `[${members.join()}]`;
const channels = fc.array(channel, { maxLength: 4 }).map(list);
const entries = fc.array(fc.tuple(channel, message).map(list), { maxLength: 3 }).map(list);

/** Members that mean something to a route, most of them with a value that could be right. */
const member = fc
  .oneof(
    fc.tuple(fc.constant("channels"), channels),
    fc.tuple(fc.constant("entries"), entries),
    fc.tuple(fc.constantFrom("last", "timeout"), number),
    fc.tuple(fc.constantFrom(...KEYS), fc.oneof(message, number, channels)),
  )
  .map(([key, value]) => `${JSON.stringify(key)}:${value}`);

/** A body that either dialect and either route accept, except for the channel. */
const sound = fc
  .record({
    channels: fc.array(named, { minLength: 1, maxLength: 2 }).map(list),
    last: fc.constantFrom("0", "1"),
    lastEventId: fc.constantFrom("null", '""', '"1"', "[1]", '{"toString":null,"valueOf":1}'),
    entries: fc.array(fc.tuple(named, fc.json({ maxDepth: 1 })).map(list), { minLength: 1, maxLength: 2 }).map(list),
    channel: named,
    isRpc: fc.boolean(),
  })
  .map(({ isRpc, channels, last, lastEventId, entries, channel }) => {
    const members = `"channels":${channels},"last":${last},"entries":${entries},"channel":${channel},"message":1`;
    return isRpc ? `{"params":{${members}}}` : `{${members},"lastEventId":${lastEventId},"timeout":0}`;
  });

// Of members that come twice the last counts, and whoever checks must see the same as whoever reads.
const plain = fc.array(member, { maxLength: 6 }).map(object);
const rpc = fc
  .tuple(fc.array(member, { maxLength: 6 }).map(object), message)
  .map(([params, id]) => `{"jsonrpc":"2.0","params":${params},"id":${id}}`);

const whole = fc.oneof(
  { weight: 8, arbitrary: sound },
  { weight: 5, arbitrary: plain },
  { weight: 4, arbitrary: rpc },
  { weight: 1, arbitrary: message },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 60 }) },
);
const cut = fc
  .tuple(whole, fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([text, at]) => text.slice(0, text.length * at));
const body = fc.oneof({ weight: 4, arbitrary: whole }, { weight: 1, arbitrary: cut });

const parameter = fc
  .tuple(
    fc.constantFrom("channels", "channels", "last", "timeout", "__proto__", "channels[]"),
    fc.oneof(channel, number),
  )
  .map(([name, value]) => `${name}=${encode(value)}`);
const soundQuery = fc
  .tuple(named, fc.constantFrom("0", "1"))
  .map(([name, last]) => `channels=${encode(name)}&last=${last}`);
const query = fc.oneof(
  { weight: 4, arbitrary: soundQuery },
  { weight: 4, arbitrary: fc.array(parameter, { maxLength: 6 }).map((all) => all.join("&")) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("%", "%zz", "&&==", "channels=%ff%fe", "channels=%0d%0aX-Injected:1", "?".repeat(50)),
  },
);
const route = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.constantFrom(
      ["POST", "/poll"],
      ["POST", "/poll"],
      ["POST", "/send"],
      ["GET", "/poll"],
      ["GET", "/events"],
      ["POST", "/events"],
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom("POST", "GET"), fc.constantFrom(...PATHS)),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom(...METHODS), fc.constantFrom("/poll", "/events", "/send", "/health")),
  },
);

const type = fc.constantFrom(
  ...Array<string>(14).fill("application/json"),
  "application/json; charset=utf-8",
  "application/json; charset=utf-16",
  "text/plain",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "",
  "json",
);
const header = fc.oneof(
  fc.tuple(fc.constant("Last-Event-ID"), fc.oneof(number, fc.constantFrom("", "1, 2", "é"))),
  fc.tuple(fc.constant("Origin"), fc.constantFrom("null", "*", "https://a.example", "é".repeat(40))),
  fc.tuple(fc.constant("Access-Control-Request-Headers"), fc.constantFrom("content-type", "x\ty", "é")),
  fc.tuple(fc.constant("Content-Encoding"), fc.constantFrom("identity", "x", "deflate")),
  fc.tuple(fc.constantFrom("__proto__", "constructor", "X-User"), fc.constantFrom("1", "é", "")),
);
const headers = fc
  .tuple(type, fc.array(header, { maxLength: 3 }))
  .map(([first, more]) => [["Content-Type", first] as const, ...more]);

/** Requests of which most mean something, to any route, in either dialect. */
export const inputs: fc.Arbitrary<Input> = fc
  .tuple(route, query, headers, fc.option(body, { nil: undefined, freq: 9 }))
  .map(([[method, path], query, headers, body]) => ({
    method: method!,
    target: query === "" ? path! : `${path}?${query}`,
    headers,
    body,
  }));

function encode(value: string): string {
  try {
    return encodeURIComponent(value.replace(/^"(.*)"$/s, "$1")).slice(0, 4_000);
  } catch {
    return "%ed%a0%80"; // a lone surrogate, as some write it
  }
}
