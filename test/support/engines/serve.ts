// Runs a command while every engine answers: `serve.ts vitest run`. Starts a server for each engine that does not
// answer at its address, and ends it with the command. The tests name engines that are not installed.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { ADDRESSES, answers } from "./addresses.ts";
import { ENGINES, type EngineName } from "./engines.ts";
import type { Instance } from "./instance.ts";

const [command, ...args] = process.argv.slice(2);
const env = { ...process.env };
const started: Instance[] = [];
try {
  for (const name of Object.keys(ENGINES) as EngineName[]) {
    if ((await answers(name)) || ENGINES[name].missing() !== undefined) continue;
    const instance = ENGINES[name].create();
    started.push(instance);
    await instance.start();
    env[ADDRESSES[name][0]] = instance.connection();
  }
  const child = spawn(command!, args, { env, stdio: "inherit" });
  const [code] = (await once(child, "exit")) as [number | null];
  process.exitCode = code ?? 1;
} finally {
  for (const instance of started) await instance.close();
}
