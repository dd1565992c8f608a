/** Returns true for a promise of any library, or of another realm. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (Object(value) as { readonly then?: unknown }).then === "function";
}
