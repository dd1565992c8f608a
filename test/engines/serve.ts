// Runs a command while every engine answers: `serve.ts npm test`. An engine that is not where its variable says, or where it
// usually is, gets a server of its own, which ends with the command.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { ENGINES, type EngineName } from "./engines.ts";
import type { Instance } from "./instance.ts";

const ADDRESSES = {
  postgres: ["DATABASE_URL", "postgres://postgres@127.0.0.1:5432/test"],
  redis: ["REDIS_URL", "redis://127.0.0.1:6379"],
  nats: ["NATS_URL", "nats://127.0.0.1:4222"],
} as const satisfies Readonly<Record<EngineName, readonly [string, string]>>;

const [command, ...args] = process.argv.slice(2);
const env = { ...process.env };
const started: Instance[] = [];
try {
  for (const name of Object.keys(ENGINES) as EngineName[]) {
    const [variable, usual] = ADDRESSES[name];
    if (await answers(new URL(env[variable] ?? usual))) continue;
    const instance = ENGINES[name].create();
    started.push(instance);
    await instance.start();
    env[variable] = instance.connection();
  }
  const child = spawn(command!, args, { env, stdio: "inherit" });
  const [code] = (await once(child, "exit")) as [number | null];
  process.exitCode = code ?? 1;
} finally {
  for (const instance of started) await instance.close();
}

async function answers({ hostname, port }: URL): Promise<boolean> {
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
