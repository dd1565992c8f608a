/** Names of channels, and what is none. */
export const CHANNELS: readonly string[] = [
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

/** Numbers as JSON or a query has them, and what is none. */
export const NUMBERS: readonly string[] = [
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

/** Tuples as JSON: no client may name one. */
export const TUPLES: readonly string[] = ['["private",1]', '["private","1"]', '["lobby",1]', '["__proto__",1]'];

/** JSON texts, and what is nearly one. */
export const PIECES: readonly string[] = [
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
  '{"toString":null,"valueOf":1}',
  '{"peek":true}',
  '[["private",1]]',
  '["private",1]',
  '{"0":"private","length":1}',
  "[".repeat(100_000),
  "[".repeat(30_000) + "]".repeat(30_000),
  `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`,
];

/** Keys that a body may have, and keys of any object. */
export const KEYS: readonly string[] = [
  "channels",
  "channels",
  "last",
  "lastEventId",
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
