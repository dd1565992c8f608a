import fc from "fast-check";

/** A request before it is written down. */
export interface Input {
  readonly method: string;
  /** What follows the mount, with its query. */
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string | undefined;
}

const CHANNELS = [
  "lobby",
  "private",
  '["private",1]',
  '["private","1"]',
  "private,1",
  "__proto__",
  "constructor",
  "toString",
  "",
  "\0",
  "\ud800",
  "a\r\nX-Injected: 1",
  "a\n\nevent: missed",
  "\u2028\u2029",
  "é😀",
  "x".repeat(300),
];

const NUMBERS = [
  "0",
  "-0",
  "1",
  "-1",
  "1.5",
  "1e3",
  "1e999",
  "-1e999",
  "9007199254740993",
  "9".repeat(400),
  "NaN",
  "0x10",
];

/** JSON texts, and what is nearly one. */
const PIECES = [
  "null",
  "true",
  "{}",
  "[]",
  '""',
  '"\\ud800"',
  '"\\u0000"',
  '{"__proto__":{"channels":["lobby"],"polluted":1}}',
  '{"constructor":{"prototype":{"polluted":1}}}',
  '{"toJSON":1,"then":1,"length":1e9}',
  '{"peek":true}',
  '[["private",1]]',
  '["private",1]',
  '{"0":"private","length":1}',
  "[".repeat(100_000),
  "[".repeat(30_000) + "]".repeat(30_000),
  `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`,
];

const KEYS = [
  "channels",
  "channels",
  "last",
  "timeout",
  "entries",
  "params",
  "jsonrpc",
  "id",
  "options",
  "channel",
  "message",
  "method",
  "__proto__",
  "constructor",
  "status",
  "prefix",
];

const channel = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...CHANNELS).map((name) => JSON.stringify(name)) },
  { weight: 1, arbitrary: fc.constantFrom(...PIECES) },
  { weight: 1, arbitrary: fc.string({ unit: "binary" }).map((name) => JSON.stringify(name)) },
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

// Of members that come twice the last counts, and whoever checks must see the same as whoever reads.
const plain = fc.array(member, { maxLength: 6 }).map(object);
const rpc = fc
  .tuple(fc.array(member, { maxLength: 6 }).map(object), message)
  .map(([params, id]) => `{"jsonrpc":"2.0","params":${params},"id":${id}}`);

const whole = fc.oneof(
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
const query = fc.oneof(
  { weight: 4, arbitrary: fc.array(parameter, { maxLength: 6 }).map((all) => all.join("&")) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("%", "%zz", "&&==", "channels=%ff%fe", "channels=%0d%0aX-Injected:1", "?".repeat(50)),
  },
);
const path = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom("/poll", "/poll", "/events", "/send", "/health") },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
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
    ),
  },
);
const target = fc.tuple(path, query).map(([before, after]) => (after === "" ? before : `${before}?${after}`));

const type = fc.constantFrom(
  "application/json",
  "application/json",
  "application/json",
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

const method = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("POST", "POST", "GET") },
  { weight: 1, arbitrary: fc.constantFrom("HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "QUERY") },
);

/** Requests of which most mean something, to any route, in either dialect. */
export const inputs: fc.Arbitrary<Input> = fc.record({
  method,
  target,
  headers,
  body: fc.option(body, { nil: undefined }),
});

function encode(value: string): string {
  try {
    return encodeURIComponent(value.replace(/^"(.*)"$/s, "$1")).slice(0, 4_000);
  } catch {
    return "%ed%a0%80"; // a lone surrogate, as some write it
  }
}
