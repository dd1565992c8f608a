import { Bus, importNode } from "../../built.ts";
import { listening } from "./listening.ts";
import type { Rival } from "./rival.ts";

/** Starts a bus behind the mount for Node. Readers that are away find more than the default of 1,000 notifications. */
export async function start(): Promise<Rival> {
  const { mount } = await importNode();
  const bus = new Bus({ retention: { count: 2_000 } });
  await bus.ready();
  const port = await listening(mount(bus, { heartbeat: 600_000 }));
  return { port, send: ({ channel, message }) => bus.sendone(channel, message) };
}
