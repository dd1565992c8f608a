import { spawn } from "node:child_process";
import { once } from "node:events";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/page-programs.ts";
import { exchange } from "./exchange.ts";
import { environment, type Project } from "./project.ts";

/** Starts a server of a project, and expects that it polls, sends and streams. */
export async function serves(project: Project, file: string): Promise<void> {
  const port = await freePort();
  const base = `http://localhost:${port}/longpolling`;
  const server = spawn(process.execPath, [file], {
    cwd: project.folder,
    env: { ...environment(), PORT: String(port) },
    stdio: ["ignore", "inherit", "inherit"],
  });
  try {
    await eventually(
      () => `${file} listens`,
      async () => (await fetch(`${base}/health`)).ok,
      20_000,
    );
    await exchange(base);
  } finally {
    server.kill("SIGKILL");
    if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
  }
}
