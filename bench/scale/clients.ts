import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Kind } from "./scales.ts";

// A process of clients. An order opens connections, or waits until each has heard the notification of this number.

/** An order to clients. The answer to `hear` is how many have heard more than one notification since the last. */
export type Order = { readonly open: number } | { readonly hear: number };

/** The connections that open at once. */
const AT_ONCE = 200;

const [kind, port, place] = process.argv.slice(2) as [Kind, string, string];
const isPolling = kind === "parked polls";
/** The number of the newest notification of each connection. */
const heard: number[] = [];
let repeated = 0;
let wanted = 1;
let missing = 0;
let allHeard: (() => void) | undefined;

process.on("message", async (order) => process.send?.(await perform(order as Order))); // main.ts sends nothing else
process.on("disconnect", () => process.exit());
process.send?.("ready");

async function perform(order: Order): Promise<number> {
  if ("open" in order) {
    for (let count = order.open; count > 0; count -= AT_ONCE) {
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, open));
    }
    missing = heard.length;
    return heard.length;
  }
  if (order.hear !== wanted) throw new Error(`${order.hear} comes after ${wanted - 1}`);
  if (missing > 0) await new Promise<void>((resolve) => (allHeard = resolve));
  wanted += 1;
  missing = heard.length;
  return repeated;
}

async function open(): Promise<void> {
  const index = heard.push(0) - 1;
  const socket = connect({ port: Number(port), host: `127.0.0.${place}` });
  const path = isPolling ? "/poll?channels=lobby&timeout=3600" : "/events?channels=lobby";
  ask(socket, path);
  await once(socket, isPolling ? "connect" : "data");
  socket.on("data", (bytes: Buffer) => {
    const text = bytes.toString("latin1"); // each notification is small, and comes in one piece
    for (const [, n] of text.matchAll(/"n":(\d+)/g)) hears(index, Number(n));
    const last = isPolling ? /"last":(\d+)/.exec(text)?.[1] : undefined;
    if (last !== undefined) ask(socket, `${path}&last=${last}`);
  });
}

function ask(socket: Socket, path: string): void {
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
}

function hears(index: number, n: number): void {
  if (n !== heard[index]! + 1) repeated += 1;
  heard[index] = n;
  if (n !== wanted) return;
  missing -= 1;
  if (missing === 0) allHeard?.();
}
