import { once } from "node:events";
import { connect } from "node:net";
import type { EngineName } from "./engines.ts";

/** Where each engine is said to be, and where it is unless that is said. */
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

/** Whether something listens where an engine should. */
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
