import { BusError, given } from "../errors.ts";

/** Returns a size from 1 up, or Infinity. Throws `bad_option`. */
export function checkSize(name: string, size: unknown): number {
  if (size === Number.POSITIVE_INFINITY || (Number.isSafeInteger(size) && (size as number) > 0)) return size as number;
  throw new BusError("bad_option", `${name} must be an integer from 1 up, got ${given(size)}`);
}

/** Returns a number of ms from 0 up. Throws `bad_option`. */
export function checkMs(name: string, ms: unknown): number {
  if (typeof ms === "number" && ms >= 0) return ms;
  throw new BusError("bad_option", `${name} must be a number of ms from 0 up, got ${given(ms)}`);
}

/** Returns an AbortSignal of any realm, or undefined. Throws `bad_option`. */
export function checkSignal(signal: unknown): AbortSignal | undefined {
  if (signal === undefined || isSignal(signal)) return signal;
  throw new BusError("bad_option", `signal must be an AbortSignal, got ${given(signal)}`);
}

// jsdom replaces the class, and the signals of requests stay those of Node.
function isSignal(value: unknown): value is AbortSignal {
  const { aborted, addEventListener, removeEventListener } = Object(value) as Partial<AbortSignal>;
  return (
    typeof aborted === "boolean" && typeof addEventListener === "function" && typeof removeEventListener === "function"
  );
}

/** Throws `bad_option` unless the value is undefined or a function. */
export function checkCallback(name: string, callback: unknown): void {
  if (callback === undefined || typeof callback === "function") return;
  throw new BusError("bad_option", `${name} must be a function, got ${given(callback)}`);
}

/** Throws `bad_option` unless the value, such as a store, has this method. */
export function checkPort(name: string, port: unknown, method: string, advice: string): void {
  if (typeof (Object(port) as Record<string, unknown>)[method] === "function") return;
  throw new BusError("bad_option", `${name} must be ${advice}, got ${given(port)}`);
}

/** Returns the options, with defaults in the place of those that are absent or undefined. */
export function withDefaults<O extends object, N extends keyof O>(
  defaults: Required<Pick<O, N>>,
  options: O,
): O & Required<Pick<O, N>> {
  const stated = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(stated) } as O & Required<Pick<O, N>>; // each of these has its default
}

/** Throws `bad_option` for an unknown option, because a misspelt option would silently do nothing. */
export function checkNames(what: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== "object" || options === null) {
    throw new BusError("bad_option", `the options of ${what} must be an object, got ${given(options)}`);
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    throw new BusError("bad_option", `${what} has no option ${given(name)}; it has ${known.join(", ")}`);
  }
}
