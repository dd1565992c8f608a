/** Returns true for a promise of any library, or of another realm. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (Object(value) as { readonly then?: unknown }).then === "function";
}

/** Keeps a promise that nobody awaits, if the value is one, from ending the process when it rejects. */
export function disown(value: unknown): void {
  if (isThenable(value)) Promise.resolve(value).catch(() => {});
}
