import { Refusal } from "../endpoint/refusal.ts";
import { refused } from "../endpoint/replies.ts";
import { isBunServer, upgradeOnBun } from "./bun-wire.ts";
import { upgradeOnDeno } from "./deno-wire.ts";
import { type Handshake, notUpgrade } from "./handshake.ts";
import type { Admitted, Sockets } from "./sockets.ts";
import type { Wire } from "./wire.ts";

/** Takes an upgrade of Bun or Deno. Never rejects. On Bun the response says nothing, because Bun has answered already. */
export async function upgradeOnFetch<C extends object, Context>(
  sockets: Sockets<C, Context>,
  request: Request,
  context: Context,
  server: unknown,
): Promise<Response> {
  try {
    const admitted = await sockets.admit(handshakeOf(request), context);
    return upgraded(sockets, request, server, admitted);
  } catch (error) {
    const { status, headers, body } = refused(sockets.refusalFor(error));
    return new Response(body as Uint8Array<ArrayBuffer>, { status, headers }); // a refusal has bytes
  }
}

/** Asks the host for the upgrade. A socket that it does not make gives its place back. */
function upgraded<C extends object, Context>(
  sockets: Sockets<C, Context>,
  request: Request,
  server: unknown,
  admitted: Admitted<Context>,
): Response {
  try {
    if (isBunServer(server)) {
      if (!upgradeOnBun(server, request, admitted)) throw notUpgrade();
      return new Response(null);
    }
    if ("Deno" in globalThis) {
      const bounds = { clock: sockets.hub.clock, maxBody: sockets.options.maxBody };
      const open = (wire: Wire) => sockets.open(wire, admitted);
      return upgradeOnDeno(request, bounds, open, () => admitted.admission.leave());
    }
    const advice = 'give the server of Bun as second argument, or listen to "upgrade" on a server of Node';
    throw new Refusal(501, "no_upgrade", `this host upgrades no request by fetch: ${advice}`);
  } catch (error) {
    admitted.admission.leave();
    throw error;
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
