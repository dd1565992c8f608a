import { spawn } from "node:child_process";
import { once } from "node:events";
import { EventSource } from "eventsource";
import { expect } from "vitest";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/page-programs.ts";
import { environment, type Project } from "./project.ts";

interface Batch {
  readonly last: number;
  readonly notifications: readonly { readonly message: unknown }[];
}

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
    const { last } = await poll(`${base}/poll?channels=lobby&last=0&timeout=0`);
    const waiting = poll(`${base}/poll?channels=lobby&last=${last}`);
    const heard: unknown[] = [];
    const source = new EventSource(`${base}/events?channels=lobby&last=${last}`);
    source.onmessage = ({ data }) => heard.push(JSON.parse(data).message);
    const body = JSON.stringify({ entries: [["lobby", { text: "good evening" }]] });
    const headers = { "content-type": "application/json" };
    expect((await fetch(`${base}/send`, { method: "POST", headers, body })).status).toBe(200);
    expect((await waiting).notifications.map(({ message }) => message)).toEqual([{ text: "good evening" }]);
    await eventually(
      () => `the stream of ${file} has a message`,
      () => heard.length > 0,
      10_000,
    );
    expect(heard).toEqual([{ text: "good evening" }]);
    source.close();
  } finally {
    server.kill("SIGKILL");
    if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
  }
}

async function poll(url: string): Promise<Batch> {
  return (await (await fetch(url)).json()) as Batch;
}
