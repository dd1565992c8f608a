import { Refusal } from "../endpoint/refusal.ts";
import { refused } from "../endpoint/replies.ts";
import { isBunServer, upgradeOnBun } from "./bun-wire.ts";
import { upgradeOnDeno } from "./deno-wire.ts";
import { type Handshake, notUpgrade } from "./handshake.ts";
import type { Sockets } from "./sockets.ts";

/** Takes an upgrade of Bun or Deno. Never rejects. On Bun the response says nothing, because Bun has answered already. */
export async function upgradeOnFetch<C extends object, Context>(
  sockets: Sockets<C, Context>,
  request: Request,
  context: Context,
  server: unknown,
): Promise<Response> {
  try {
    const admitted = await sockets.admit(handshakeOf(request), context);
    if (isBunServer(server)) {
      if (!upgradeOnBun(server, request, admitted)) throw notUpgrade();
      return new Response(null);
    }
    if ("Deno" in globalThis) {
      const bounds = { clock: sockets.hub.clock, maxBody: sockets.options.maxBody };
      const open = (wire: Parameters<typeof sockets.open>[0]) => sockets.open(wire, admitted);
      return upgradeOnDeno(request, bounds, open, () => admitted.admission.leave());
    }
    admitted.admission.leave();
    const advice = 'give the server of Bun as second argument, or listen to "upgrade" on a server of Node';
    throw new Refusal(501, "no_upgrade", `this host upgrades no request by fetch: ${advice}`);
  } catch (error) {
    const { status, headers, body } = refused(sockets.refusalFor(error));
    return new Response(body as Uint8Array<ArrayBuffer>, { status, headers }); // a refusal has bytes
  }
}

function handshakeOf(request: Request): Handshake {
  const { pathname, search } = new URL(request.url);
  return {
    method: request.method,
    path: pathname,
    query: search.slice(1),
    header: (name) => request.headers.get(name) ?? undefined,
  };
}
