import { once } from "node:events";
import { connect } from "node:net";
import type { EngineName } from "./engines.ts";

/** The environment's addresses of the engines, with their defaults. */
export const ADDRESSES = {
  postgres: ["DATABASE_URL", "postgres://postgres@127.0.0.1:5432/test"],
  redis: ["REDIS_URL", "redis://127.0.0.1:6379"],
  nats: ["NATS_URL", "nats://127.0.0.1:4222"],
} as const satisfies Readonly<Record<EngineName, readonly [variable: string, usual: string]>>;

/** The address of an engine that is shared. */
export function addressOf(engine: EngineName): string {
  const [variable, usual] = ADDRESSES[engine];
  return process.env[variable] ?? usual;
}

/** Resolves with true if something listens at the address of an engine. */
export async function answers(engine: EngineName): Promise<boolean> {
  const { hostname, port } = new URL(addressOf(engine));
  const socket = connect(Number(port), hostname);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
