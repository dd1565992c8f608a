import { expect, it } from "vitest";
import { Bus } from "../../../src/bus.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { until } from "./client.ts";
import type { Start } from "./host.ts";

/** Hooks that do not answer in time. */
export function describeHookTimeouts<Context>(start: Start<Context>): void {
  async function make(maxWaiting = 10) {
    const clock = new ManualClock();
    const answers: ((value: unknown) => void)[] = [];
    const hook = () => new Promise<never>((resolve) => answers.push(resolve as (value: unknown) => void));
    const options = { channels: hook, send: hook, hookTimeout: 10_000, maxWaiting };
    const { bus, client } = await start(options, new Bus({ clock }));
    const errors: Error[] = [];
    bus.on("error", (error) => errors.push(error));
    await bus.ready();
    return { clock, answers, bus, client, errors };
  }
  const rpc = JSON.stringify({ jsonrpc: "2.0", id: 1, params: { channels: ["x"], channel: "x", message: 1 } });
  const plain = JSON.stringify({ channels: ["x"], entries: [["x", 1]] });

  it.each([
    ["a GET poll", "poll?channels=x", undefined],
    ["a POST poll", "poll", plain],
    ["a JSON-RPC poll", "poll", rpc],
    ["a stream", "events?channels=x", undefined],
    ["a POST for a stream", "events", plain],
    ["a send", "send", plain],
    ["a JSON-RPC send", "send", rpc],
  ])(
    "answers %s 503 when the hook takes too long, tells the application, and drops what it answers later",
    async (...[, route, body]) => {
      const { clock, answers, bus, client, errors } = await make();
      const held = body === undefined ? client.get(route) : client.post(route, body);
      await until(() => answers.length === 1);
      clock.advance(9_999);
      expect(errors).toEqual([]);
      clock.advance(5);
      const reply = await held;
      expect(reply).toMatchObject({ status: 503, json: { error: { code: "hook_timeout" } } });
      expect(Number(reply.headers.get("retry-after"))).toBeGreaterThan(0);
      const name = route === "send" ? "send" : "channels";
      expect(errors.map(({ message }) => message)).toEqual([
        `the mount's ${name} hook has not answered within 10000 ms (hookTimeout)`,
      ]);
      const { last } = bus;
      answers[0]!(name === "send" ? true : ["x"]);
      await client.get("health");
      expect([bus.last, bus.waiting, errors.length]).toEqual([last, 0, 1]);
    },
  );

  it("counts what waits for a hook among all that wait", async () => {
    const { clock, answers, client } = await make(2);
    const held = [client.get("poll?channels=x"), client.get("events?channels=x")];
    await until(() => answers.length === 2);
    const turnedAway = [client.get("poll?channels=x"), client.get("events?channels=x"), client.post("poll", rpc)];
    for (const reply of await Promise.all(turnedAway)) {
      expect(reply).toMatchObject({ status: 503, json: { error: { code: "busy" } } });
      expect(Number(reply.headers.get("retry-after"))).toBeGreaterThan(0);
    }
    expect(answers).toHaveLength(2);
    clock.advance(10_004);
    for (const { status } of await Promise.all(held)) expect(status).toBe(503);
    const next = client.get("poll?channels=x&timeout=0");
    await until(() => answers.length === 3);
    answers[2]!(["x"]);
    expect((await next).status).toBe(200);
  });

  it("bounds the sends that wait for a hook, and lets none wait for readers to go", async () => {
    const { answers, client } = await make(2);
    const readers = [client.get("poll?channels=x"), client.get("poll?channels=x")];
    await until(() => answers.length === 2);
    const senders = [client.post("send", plain), client.post("send", plain)];
    await until(() => answers.length === 4);
    expect(await client.post("send", plain)).toMatchObject({ status: 503, json: { error: { code: "busy" } } });
    for (const answer of answers.slice(2)) answer(true);
    for (const { status } of await Promise.all(senders)) expect(status).toBe(200);
    for (const answer of answers.slice(0, 2)) answer(["x"]);
    for (const { status } of await Promise.all(readers)) expect(status).toBe(200);
  });

  it("tells a hook that returns nothing from one that throws", async () => {
    let hook = (): unknown => undefined;
    const { bus, client } = await start({ channels: () => hook() as never, send: () => hook() as never });
    const errors: string[] = [];
    bus.on("error", ({ message }) => errors.push(message));
    for (hook of [
      () => undefined,
      async () => undefined,
      () => {
        throw new ReferenceError("user is not defined");
      },
    ]) {
      expect((await client.get("poll?channels=x")).status).toBe(500);
      expect((await client.post("send", plain)).status).toBe(500);
    }
    const nothing = (name: string, wanted: string) =>
      `the mount's ${name} hook returned nothing: it must return ${wanted} (is a "return" missing?)`;
    const [channels, send] = [nothing("channels", "a list of channels"), nothing("send", "true, false or entries")];
    const threw = (name: string) => `the mount's ${name} hook threw: ReferenceError: user is not defined`;
    expect(errors).toEqual([channels, send, channels, send, threw("channels"), threw("send")]);
  });
}
