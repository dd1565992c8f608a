const CODES: readonly unknown[] = ["ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND"]; // of `import`, and of `require` and bundles

/** True if loading a package failed because it is not installed. */
export function isMissing(error: unknown, name: string): boolean {
  const { code, message } = Object(error) as { code?: unknown; message?: unknown };
  const said = String(message);
  if (said.startsWith(`Could not resolve "${name}"`)) return true; // Vite bundles this in place of an optional package
  return CODES.includes(code) && (said.includes(`'${name}'`) || said.includes(`Import "${name}"`)); // the latter on Deno
}
