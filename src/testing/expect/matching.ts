/** A matcher of a test runner, such as `expect.any(Number)` of vitest and jest. */
export interface Matcher {
  /** Returns true if the value fits. */
  asymmetricMatch(value: unknown): boolean;
}

/**
 * A pattern for a value: equal, but an object may have more properties than expected, at any depth. Matchers of the
 * test runner may stand anywhere, and regular expressions for strings.
 */
export type Like<T> =
  | Matcher
  | (unknown extends T
      ? object | string | number | boolean | null
      : T extends string
        ? T | RegExp
        : T extends number | boolean | null | undefined
          ? T
          : T extends { toJSON(): infer J }
            ? T | Like<J>
            : T extends readonly unknown[]
              ? { readonly [I in keyof T]: Like<T[I]> }
              : T extends object
                ? { readonly [K in keyof T]?: Like<T[K]> }
                : T);

/**
 * Returns the differences between a value and an expectation, each as `total is 41, not 42`. The expectation is taken
 * as it would be sent.
 */
export function differences(actual: unknown, wanted: unknown, path = ""): readonly string[] {
  const expected = asSent(wanted);
  const where = path === "" ? "it" : path;
  const differs = (): readonly string[] => [`${where} is ${show(actual)}, not ${show(expected)}`];
  if (isMatcher(expected)) return expected.asymmetricMatch(actual) ? [] : differs();
  if (isRegExp(expected)) return typeof actual === "string" && matches(expected, actual) ? [] : differs();
  if (!isObject(expected) || !isObject(actual) || Array.isArray(expected) !== Array.isArray(actual)) {
    return actual === expected ? [] : differs();
  }
  if (Array.isArray(expected) && Array.isArray(actual) && expected.length !== actual.length) {
    return [`${where} has ${actual.length} elements, not ${expected.length}`];
  }
  return Object.entries(expected).flatMap(([name, part]) => {
    const inside = path === "" ? name : `${path}.${name}`;
    if (Object.hasOwn(actual, name)) return differences(actual[name], part, inside);
    return part === undefined ? [] : [`${inside} is not there`];
  });
}

/** Returns the expected properties of a value, to be laid beside the expectation. */
export function partOf(actual: unknown, wanted: unknown): unknown {
  const expected = asSent(wanted);
  if (Array.isArray(expected) && Array.isArray(actual)) return actual.map((part, at) => partOf(part, expected[at]));
  if (!isObject(expected) || !isObject(actual) || isMatcher(expected)) return actual;
  const names = Object.keys(expected).filter((name) => Object.hasOwn(actual, name));
  return Object.fromEntries(names.map((name) => [name, partOf(actual[name], expected[name])]));
}

/** Returns a value as JSON, short enough for a line. */
export function show(value: unknown): string {
  const text = typeof value === "function" ? String(value) : textOf(value);
  return text.length > 160 ? `${text.slice(0, 160)}…` : text;
}

function textOf(value: unknown): string {
  if (isNamed(value)) return nameOf(value);
  try {
    return JSON.stringify(value, (_, part: unknown) => (isNamed(part) ? nameOf(part) : part)) ?? String(value);
  } catch {
    return "a value that is not JSON";
  }
}

type Named = Matcher | RegExp | bigint;

/** Returns text for values that JSON has none for. */
function isNamed(value: unknown): value is Named {
  return typeof value === "bigint" || isRegExp(value) || isMatcher(value);
}

function nameOf(value: Named): string {
  if (typeof value === "bigint") return `${value}n`;
  const { toAsymmetricMatcher } = value as { toAsymmetricMatcher?: () => string }; // the text of vitest and jest
  return toAsymmetricMatcher?.call(value) ?? String(value);
}

// A regular expression with the flag g continues at its last match.
function matches(expected: RegExp, actual: string): boolean {
  return new RegExp(expected).test(actual);
}

// Sending turns a value into JSON, so an expectation may be written as it is sent: with a Date, for example.
function asSent(value: unknown): unknown {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (isMatcher(value)) return value;
  const { toJSON } = Object(value) as { toJSON?: unknown };
  return isObject(value) && typeof toJSON === "function" ? toJSON.call(value) : value;
}

/** Returns true for a regular expression of any realm. */
function isRegExp(value: unknown): value is RegExp {
  return Object.prototype.toString.call(value) === "[object RegExp]";
}

function isMatcher(value: unknown): value is Matcher {
  return isObject(value) && typeof value["asymmetricMatch"] === "function";
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
