/** What a runner's matchers are: `expect.any(Number)` of vitest and jest, and their like. */
export interface Matcher {
  asymmetricMatch(value: unknown): boolean;
}

/**
 * What a value has to be like: equal, but an object may have more than is expected, also inside of another. Anywhere in it may
 * be a matcher of the test runner, or a regular expression for a string.
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

/** Where a value is not like what was expected, each as `total is 41, not 42`. What is expected is taken as it would be sent. */
export function differences(actual: unknown, wanted: unknown, path = ""): readonly string[] {
  const expected = asSent(wanted);
  const where = path === "" ? "it" : path;
  const differs = (): readonly string[] => [`${where} is ${show(actual)}, not ${show(expected)}`];
  if (isMatcher(expected)) return expected.asymmetricMatch(actual) ? [] : differs();
  if (expected instanceof RegExp) return typeof actual === "string" && matches(expected, actual) ? [] : differs();
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

/** What of a value was asked for, so that it can be laid beside what was expected. */
export function partOf(actual: unknown, wanted: unknown): unknown {
  const expected = asSent(wanted);
  if (Array.isArray(expected) && Array.isArray(actual)) return actual.map((part, at) => partOf(part, expected[at]));
  if (!isObject(expected) || !isObject(actual) || isMatcher(expected)) return actual;
  const names = Object.keys(expected).filter((name) => Object.hasOwn(actual, name));
  return Object.fromEntries(names.map((name) => [name, partOf(actual[name], expected[name])]));
}

/** A value as JSON, short enough for a line. */
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

/** What JSON has no text for. */
function isNamed(value: unknown): value is Named {
  return typeof value === "bigint" || value instanceof RegExp || isMatcher(value);
}

function nameOf(value: Named): string {
  if (typeof value === "bigint") return `${value}n`;
  const { toAsymmetricMatcher } = value as { toAsymmetricMatcher?: () => string }; // as vitest and jest have it
  return toAsymmetricMatcher?.call(value) ?? String(value);
}

// A regular expression with the flag g goes on where it last matched.
function matches(expected: RegExp, actual: string): boolean {
  return new RegExp(expected).test(actual);
}

// What arrives is what JSON makes of what is sent, so what is expected may be written as it is sent: with a Date, say.
function asSent(value: unknown): unknown {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (isMatcher(value)) return value;
  const { toJSON } = Object(value) as { toJSON?: unknown };
  return isObject(value) && typeof toJSON === "function" ? toJSON.call(value) : value;
}

function isMatcher(value: unknown): value is Matcher {
  return isObject(value) && typeof value["asymmetricMatch"] === "function";
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
