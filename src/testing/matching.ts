/** What a value has to be like: equal, but an object may have more than is expected, also inside of another. */
export type Like<T> = T extends readonly unknown[]
  ? { readonly [I in keyof T]: Like<T[I]> }
  : T extends object
    ? { readonly [K in keyof T]?: Like<T[K]> }
    : T;

/** Where a value is not like what was expected, as `total is 41, not 42`; undefined when it is. */
export function difference(actual: unknown, expected: unknown, path = ""): string | undefined {
  const where = path === "" ? "it" : path;
  if (!isObject(expected) || !isObject(actual) || Array.isArray(expected) !== Array.isArray(actual)) {
    return Object.is(actual, expected) ? undefined : `${where} is ${show(actual)}, not ${show(expected)}`;
  }
  if (Array.isArray(expected) && Array.isArray(actual) && expected.length !== actual.length) {
    return `${where} has ${actual.length} elements, not ${expected.length}`;
  }
  for (const [name, part] of Object.entries(expected)) {
    const inside = path === "" ? name : `${path}.${name}`;
    if (!Object.hasOwn(actual, name)) {
      if (part !== undefined) return `${inside} is not there`;
      continue;
    }
    const found = difference((actual as Record<string, unknown>)[name], part, inside); // it has that name
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A value as JSON, short enough for a line. */
export function show(value: unknown): string {
  const text = typeof value === "function" ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 160 ? `${text.slice(0, 160)}…` : text;
}

/** Whether one name may be a slip of the pen for the other: at most two letters wrong, missing, too many, or another case. */
export function isNear(one: string, other: string): boolean {
  const [a, b] = [one.toLowerCase(), other.toLowerCase()];
  return distance(a, b) <= Math.min(2, Math.floor(Math.max(a.length, b.length) / 3));
}

// Levenshtein's: the fewest letters to change, add or leave out.
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const changed = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(changed, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
