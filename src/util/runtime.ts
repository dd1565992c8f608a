/** Returns true on Node itself. Bun and Deno have modules of the same names, with other servers and sockets behind. */
export function isNode(): boolean {
  return !("Bun" in globalThis || "Deno" in globalThis);
}
