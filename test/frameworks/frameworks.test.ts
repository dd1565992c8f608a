import { EventSource } from "eventsource";
import { connect } from "nightbus/client";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Client } from "../http/conformance/client.ts";
import { hold } from "../support/held.ts";
import { Server } from "./server.ts";

/** The applications, each with the script that starts it. */
const APPLICATIONS = [
  ["nest", "express"],
  ["nest", "fastify"],
  ["nitro", "start"],
  ["sveltekit", "start"],
  ["astro", "start"],
  ["react-router", "start"],
  ["elysia", "start"],
] as const;

/** The longest wait for a condition, in ms. */
const SOON = { timeout: 30_000, interval: 20 };

/** More names than an address can hold. */
const MANY = ["lobby", ...Array.from({ length: 90 }, (_, index) => `${index}`.padEnd(100, "-"))];

describe.each(APPLICATIONS)("%s (%s)", (name, script) => {
  const server = new Server(name);
  const http = (): Client => new Client(`${server.address}/longpolling`);
  const say = async (text: string): Promise<void> => {
    const body = JSON.stringify({ entries: [["lobby", { text }]] });
    expect((await http().post("send", body)).status).toBe(200);
  };
  const now = async (): Promise<number> =>
    ((await http().poll({ channels: ["lobby"], timeout: 0 })).json as { last: number }).last;

  beforeAll(async () => {
    await server.build();
    await server.start(script);
  }, 180_000);
  afterAll(() => server.stop("SIGKILL"));

  it("answers a GET poll that waits", async () => {
    const polled = fetch(`${server.address}/longpolling/poll?channels=lobby&last=${await now()}`);
    await vi.waitFor(async () => expect((await server.stats()).waiters).toBe(1), SOON);
    await say("to a GET");
    expect(await (await polled).json()).toMatchObject({ notifications: [{ message: { text: "to a GET" } }] });
  });

  it("answers a POST poll that waits", async () => {
    const polled = http().poll({ channels: MANY, last: await now() });
    await vi.waitFor(async () => expect((await server.stats()).waiters).toBe(1), SOON);
    await say("to a POST");
    expect(await polled).toMatchObject({ status: 200, json: { notifications: [{ message: { text: "to a POST" } }] } });
  });

  it("streams to an EventSource, and notices that it goes", async () => {
    const source = new EventSource(`${server.address}/longpolling/events?channels=lobby`);
    const heard: string[] = [];
    source.onmessage = ({ data }) => heard.push(JSON.parse(data).message.text);
    await new Promise((resolve) => source.addEventListener("position", resolve, { once: true }));
    await say("to an EventSource");
    await vi.waitFor(() => expect(heard).toEqual(["to an EventSource"]), SOON);
    source.close();
    await vi.waitFor(async () => expect((await server.stats()).streams).toBe(0), SOON);
  });

  it.each([
    ["events", ["lobby"]],
    ["poll", ["lobby"]],
    ["events", MANY],
    ["poll", MANY],
  ] as const)("serves a client by %s, and notices that it goes: %#", async (transport, channels) => {
    const client = connect(`${server.address}/longpolling`, { channels, transport });
    const heard: unknown[] = [];
    const troubles: unknown[] = [];
    client.on("notification", ({ message }) => heard.push(message));
    client.on("status", (status, reason) => status !== "live" && troubles.push([status, reason?.message]));
    await vi.waitFor(() => expect(client.status).toBe("live"), SOON);
    const held = async (): Promise<void> => {
      const { streams, waiters } = await server.stats();
      expect(streams + waiters).toBe(1);
    };
    await vi.waitFor(held, SOON);
    await client.sendone("lobby", { text: "to a client" });
    await vi.waitFor(() => expect(heard).toEqual([{ text: "to a client" }]), SOON);
    await vi.waitFor(held, SOON);
    expect(troubles).toEqual([]);
    client.close();
    await vi.waitFor(async () => expect(await server.stats()).toMatchObject({ streams: 0, waiters: 0 }), SOON);
  });

  it("ends within a second while a stream, a poll and a client are open", async () => {
    const held = await hold(`${server.address}/longpolling`);
    const { ms } = await server.stop("SIGTERM");
    await held.expectAnswered();
    expect(ms).toBeLessThan(1_000);
  });
});
