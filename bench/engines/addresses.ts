import { randomBytes } from "node:crypto";

const ADDRESSES = {
  postgres: ["DATABASE_URL", "postgres://postgres@127.0.0.1:5432/test"],
  redis: ["REDIS_URL", "redis://127.0.0.1:6379"],
  nats: ["NATS_URL", "nats://127.0.0.1:4222"],
} as const;

/** An engine of which a server is needed. */
export type Engine = keyof typeof ADDRESSES;

/** Where an engine answers: what its variable says, or where it usually is. */
export function addressOf(engine: Engine): string {
  const [variable, usual] = ADDRESSES[engine];
  return process.env[variable] ?? usual;
}

/** The name of a log of this run's own. */
export function nameOfOwn(): string {
  return `nightbus-bench-${randomBytes(6).toString("hex")}`;
}
