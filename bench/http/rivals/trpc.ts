import { EventEmitter, on } from "node:events";
import { initTRPC, tracked } from "@trpc/server";
import { createHTTPHandler } from "@trpc/server/adapters/standalone";
import { listening } from "./listening.ts";
import type { Rival, Sent } from "./rival.ts";

/** Starts tRPC with a subscription that listens to an emitter, as tRPC's own guide writes it. */
export async function start(): Promise<Rival> {
  const emitter = new EventEmitter();
  emitter.setMaxListeners(0);
  const { router, procedure } = initTRPC.create();
  const lobby = procedure.subscription(async function* ({ signal }) {
    for await (const [sent] of on(emitter, "lobby", signal === undefined ? {} : { signal })) {
      const { id } = sent as Sent; // nothing else is emitted
      yield tracked(String(id), sent as Sent);
    }
  });
  const port = await listening(createHTTPHandler({ router: router({ lobby }) }));
  return { port, send: (sent) => emitter.emit("lobby", sent) };
}
