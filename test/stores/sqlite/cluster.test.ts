import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { closing, temporaryFiles } from "../files.ts";

const WORKERS = 3;
const newPath = temporaryFiles();
const close = closing();

describe("a node:cluster whose workers have a bus each, on one file", () => {
  it("answers at any worker what any other sent, also after one was killed", async () => {
    const { url, pids } = await start(newPath());
    const { last: start0 } = await poll(url, 0, 0);
    const seen = new Set<string>();
    const read: unknown[] = [];
    let last = start0;
    for (let n = 0; n < 30; n += 1) {
      if (n === 15) process.kill(pids[0]!, "SIGKILL");
      const sent = send(url, n).catch(() => send(url, n)); // readers drop what comes twice
      while (!read.includes(n)) {
        const batch = await poll(url, last, 2_000).catch(() => undefined); // its worker may be the killed one
        if (batch === undefined) continue;
        expect(batch.missed).toBe(false);
        read.push(...batch.notifications.map(({ message }) => message));
        seen.add(batch.worker);
        last = batch.last;
      }
      seen.add(await sent);
    }
    expect([...new Set(read)]).toEqual(Array.from({ length: 30 }, (_, n) => n));
    expect(seen.size, "several workers answered").toBeGreaterThan(1);
  });
});

interface Answer {
  readonly last: number;
  readonly missed: boolean;
  readonly notifications: readonly { readonly message: unknown }[];
  readonly worker: string;
}

/** Starts the cluster, which ends with the test. */
async function start(path: string): Promise<{ readonly url: string; readonly pids: readonly number[] }> {
  const script = fileURLToPath(new URL("./clustered.ts", import.meta.url));
  const port = await freePort(); // with port 0 each worker of Bun has a port of its own
  const primary = spawn(process.execPath, ["--import", "tsx", script, path, String(WORKERS), String(port)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const pids: number[] = [];
  close({ close: () => end(primary, pids) });
  for await (const line of createInterface({ input: primary.stdout })) {
    if (pids.push(Number(line)) === WORKERS) break;
  }
  primary.stdout.resume();
  return { url: `http://127.0.0.1:${port}/longpolling`, pids };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function end(primary: ChildProcess, pids: readonly number[]): void {
  primary.kill("SIGKILL");
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {} // gone already
  }
}

// Each request has a connection of its own, so that the cluster gives it to the next worker. A connection that the primary
// hands to a worker as that dies stays open and silent.
async function ask(url: string, body: unknown): Promise<Response> {
  const response = await fetch(url, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json", connection: "close" },
    keepalive: false, // by which Bun keeps no connection
    signal: AbortSignal.timeout(5_000),
  });
  expect(response.status).toBe(200);
  return response;
}

async function poll(url: string, last: number, timeout: number): Promise<Answer> {
  const response = await ask(`${url}/poll`, { channels: ["cluster"], last, timeout });
  return { ...((await response.json()) as Answer), worker: response.headers.get("Worker")! };
}

/** Resolves with the worker that took it. */
async function send(url: string, n: number): Promise<string> {
  const response = await ask(`${url}/send`, { entries: [["cluster", n]] });
  return response.headers.get("Worker")!;
}
