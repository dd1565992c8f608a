import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

let server: ChildProcess;

/** The environment of this process, without the addresses of engines. */
export function withoutEngines(): NodeJS.ProcessEnv {
  const { DATABASE_URL: _, REDIS_URL: __, ...rest } = process.env;
  return rest;
}

/** The address of the application. */
export let address = "";

/** Starts the application as `npm start` does, on a port that the system picks, or on the one that it had before. */
export async function start(DATABASE: string, on: "any port" | "the same port" = "any port"): Promise<void> {
  const PORT = on === "any port" ? "0" : new URL(address).port;
  server = spawn(process.execPath, ["--import", "tsx", "examples/chess/server.ts"], {
    cwd: fileURLToPath(new URL("../../..", import.meta.url)),
    env: { LEASE: "1000", ...withoutEngines(), PORT, DATABASE },
    stdio: ["ignore", "pipe", "inherit"],
  });
  // The output is piped.
  for await (const line of createInterface({ input: server.stdout! })) {
    address = /http:\S+$/.exec(line)?.[0] ?? "";
    if (address !== "") return;
  }
  throw new Error("the server ended before it listened");
}

/** Tells it to end, and does not wait for it. */
export function tell(signal: NodeJS.Signals): void {
  server.kill(signal);
}

/** Ends it, and resolves with its exit code; null when the signal ended it. */
export async function stop(signal: NodeJS.Signals): Promise<number | null> {
  if (server.exitCode === null && server.signalCode === null) {
    server.kill(signal);
    await once(server, "exit");
  }
  return server.exitCode;
}
