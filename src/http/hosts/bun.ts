/** The part of Bun's server that nightbus uses. */
interface BunServer {
  timeout(request: Request, seconds: number): void;
}

/**
 * Lifts the limit after which Bun ends an idle request. `host` is Bun's server, or an environment with it as `server`, by the
 * convention of Hono. Any other value is that of another host.
 */
export function letIdle(request: Request, host: unknown): void {
  const server = (Object(host) as { readonly server?: unknown }).server ?? host;
  if ("Bun" in globalThis && isBun(server)) server.timeout(request, 0);
}

function isBun(server: unknown): server is BunServer {
  return typeof (Object(server) as { timeout?: unknown }).timeout === "function";
}
