import { byHand } from "../hand/streaming.ts";
import { listening } from "./listening.ts";
import type { Rival } from "./rival.ts";

/** Starts the cheapest server that Node allows: each frame becomes one chunk, which goes to the sockets as it is. */
export async function start(): Promise<Rival> {
  const { listener, send } = byHand(true);
  return { port: await listening(listener), send: ({ message }) => send(message) };
}
