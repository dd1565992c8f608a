import { EventSource } from "eventsource";
import { expect } from "vitest";
import { eventually } from "../support/eventually.ts";

interface Batch {
  readonly last: number;
  readonly notifications: readonly { readonly message: unknown }[];
}

/** Expects that a mount polls, sends and streams. */
export async function exchange(base: string): Promise<void> {
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
    () => `the stream of ${base} has a message`,
    () => heard.length > 0,
    10_000,
  );
  expect(heard).toEqual([{ text: "good evening" }]);
  source.close();
}

async function poll(url: string): Promise<Batch> {
  return (await (await fetch(url)).json()) as Batch;
}
