import { afterEach, describe, expect, it } from "vitest";
import { Bus } from "../../../src/bus.ts";
import { Client, until } from "./client.ts";
import { describeClosing } from "./closing.ts";
import { describeContracts } from "./contracts.ts";
import { describeDialects } from "./dialects.ts";
import { describeEventSources } from "./event-sources.ts";
import { describeEvents } from "./events.ts";
import { describeHookFailures } from "./hook-failures.ts";
import { describeHookTimeouts } from "./hook-timeouts.ts";
import { describeHooks } from "./hooks.ts";
import type { Host, Start } from "./host.ts";
import { describeInjection } from "./injection.ts";
import { describeKeys } from "./keys.ts";
import { describeBodies } from "./mount-bodies.ts";
import { describeCors } from "./mount-cors.ts";
import { describeOdoo } from "./odoo.ts";
import { describePresence } from "./presence.ts";
import { describeRoutes } from "./routes.ts";
import { describeSlowBodies } from "./slow-bodies.ts";

/** Tests every promise of a mount, over real HTTP. */
export function describeMount<Context>(name: string, host: Host<Context>): void {
  describe(`mount on ${name}`, () => {
    const ended: (() => Promise<unknown>)[] = [];
    afterEach(async () => {
      for (const end of ended.splice(0).reverse()) await end();
    });

    const start: Start<Context> = async (options = {}, bus = new Bus(), headers = {}) => {
      ended.push(() => bus.close());
      const served = await host.serve(bus, options, headers);
      ended.push(() => served.close());
      return { bus, client: new Client(served.url), stop: served.stop };
    };

    describePolling(start);
    describeRefusals(start);
    describeBodies(start, host);
    if (!host.parsesBodies) describeSlowBodies(start, host);
    describeCors(start, host);
    describeContracts(start);
    describeKeys(start);
    describeDialects(start);
    describeHooks(start, host);
    describeHookFailures(start);
    describeHookTimeouts(start);
    describeOdoo(start);
    describeRoutes(start);
    describePresence(start, host);
    describeEvents(start, host);
    describeInjection(start);
    describeClosing(start);
    describeEventSources(start);
  });
}

function describePolling<Context>(start: Start<Context>): void {
  it("answers a POST poll with what came after last, and where the reader stands", async () => {
    const { bus, client } = await start();
    const [, id] = await bus.sendmany([
      ["lobby", 1],
      ["lobby", { a: "ü\u2028" }],
    ]);
    const reply = await client.poll({ channels: ["lobby"], last: id! - 1, timeout: 1000 });
    expect(reply.status).toBe(200);
    expect(reply.headers.get("content-type")).toMatch(/^application\/json/);
    expect(reply.headers.get("cache-control")).toBe("no-store");
    expect(reply.headers.get("x-content-type-options")).toBe("nosniff");
    const notification = { id, channel: "lobby", message: { a: "ü\u2028" } };
    expect(reply.json).toEqual({ notifications: [notification], last: id, missed: false });
  });

  it("answers a GET poll as a POST, with channels by name", async () => {
    const { bus, client } = await start();
    const ids = await bus.sendmany([
      ["a", 1],
      ["b c", 2],
      ["d", 3],
    ]);
    const reply = await client.get("poll?channels=a&channels=b%20c&last=0");
    expect(reply.json).toMatchObject({ notifications: [{ id: ids[0] }, { id: ids[1] }], last: ids[2], missed: false });
  });

  it("holds a poll until something comes", async () => {
    const { bus, client } = await start();
    const held = client.poll({ channels: ["x"], last: bus.last });
    await until(() => bus.waiting === 1);
    const id = await bus.sendone("x", "now");
    expect((await held).json).toEqual({
      notifications: [{ id, channel: "x", message: "now" }],
      last: id,
      missed: false,
    });
    expect(bus.waiting).toBe(0);
  });

  it("answers an empty list and the last to go on from when the time is up, and not before", async () => {
    const { bus, client } = await start();
    const began = performance.now();
    const reply = await client.poll({ channels: ["x"], last: bus.last, timeout: 80 });
    expect(performance.now() - began).toBeGreaterThanOrEqual(79);
    expect(reply).toMatchObject({ status: 200, json: { notifications: [], last: bus.last, missed: false } });
  });

  it("lets a client ask for less time than the mount's, never for more", async () => {
    const { bus, client } = await start({ timeout: 50 });
    const reply = await client.poll({ channels: ["x"], last: bus.last, timeout: 1e9 });
    expect(reply.json).toMatchObject({ notifications: [] });
  });

  it("says missed with a cursor from another life", async () => {
    const { bus, client } = await start();
    const id = await bus.sendone("x", 1);
    expect((await client.poll({ channels: ["x"], last: 7 })).json).toMatchObject({
      missed: true,
      notifications: [{ id }],
    });
    expect((await client.poll({ channels: ["x"], last: id + 9 })).json).toMatchObject({ missed: true, last: id });
  });

  it("lets go of a poll at the moment its client goes", async () => {
    const { bus, client } = await start();
    const gone = new AbortController();
    const held = client.poll({ channels: ["x"], last: bus.last }, { signal: gone.signal });
    await until(() => bus.waiting === 1);
    gone.abort();
    await expect(held).rejects.toThrow();
    await until(() => bus.waiting === 0);
  });

  it("answers every held poll when the bus closes, and refuses the next", async () => {
    const { bus, client } = await start();
    const held = [1, 2, 3].map(() => client.poll({ channels: ["x"], last: bus.last }));
    await until(() => bus.waiting === 3);
    await bus.close();
    for (const reply of await Promise.all(held)) expect(reply.json).toMatchObject({ notifications: [], missed: false });
    expect(await client.poll({ channels: ["x"] })).toMatchObject({ status: 503, json: { error: { code: "closed" } } });
  });

  it("says how it is at health", async () => {
    const { bus, client } = await start();
    await bus.ready();
    const reply = await client.get("health");
    expect(reply).toMatchObject({ status: 200, text: '{"status":"pass"}' });
    expect(reply.headers.get("cache-control")).toBe("no-store");
    expect(await client.request("health", { method: "HEAD" })).toMatchObject({ status: 200, text: "" });
    await bus.close();
    expect(await client.get("health")).toMatchObject({ status: 503, text: '{"status":"fail"}' });
  });
}

function describeRefusals<Context>(start: Start<Context>): void {
  const refusals: readonly [what: string, body: unknown, code: string, sentence: RegExp][] = [
    ["channels that are missing", {}, "bad_channel", /list of strings/],
    ["channels that are no list", { channels: "lobby" }, "bad_channel", /list of strings.*"lobby"/],
    ["channels that are not strings", { channels: [["db", 1]] }, "bad_channel", /must be a string.*\["db",1\]/],
    ["an empty name", { channels: [""] }, "bad_channel", /1 to 8 characters/],
    ["a long name", { channels: ["123456789"] }, "bad_channel", /1 to 8 characters/],
    ["too many channels", { channels: ["a", "b", "c", "d"] }, "bad_channel", /at most 3/],
    ["no channel", { channels: [] }, "bad_channel", /at least one/],
    ["a last that is text", { channels: ["a"], last: "5" }, "bad_last", /integer from 0 up.*"5"/],
    ["a negative last", { channels: ["a"], last: -1 }, "bad_last", /-1/],
    ["a last that is no integer", { channels: ["a"], last: 1.5 }, "bad_last", /1\.5/],
    ["a last beyond what is safe", { channels: ["a"], last: 2 ** 53 }, "bad_last", /9007199254740992/],
    ["a timeout that is text", { channels: ["a"], timeout: "1" }, "bad_timeout", /"1"/],
    ["a negative timeout", { channels: ["a"], timeout: -1 }, "bad_timeout", /-1/],
  ];
  it.each(refusals)("refuses %s, and says what to do", async (_, body, code, sentence) => {
    const { bus, client } = await start({ maxChannels: 3, maxChannelLength: 8 });
    const reply = await client.poll(body);
    expect(reply).toMatchObject({ status: 400, json: { error: { code } } });
    expect((reply.json as { error: { message: string } }).error.message).toMatch(sentence);
    expect(reply.headers.get("x-content-type-options")).toBe("nosniff");
    expect(bus.waiting).toBe(0);
  });

  it.each([
    ["poll?last=1", "bad_channel"],
    ["poll?channels=a&last=1.5", "bad_last"],
    ["poll?channels=a&last=", "bad_last"],
    ["poll?channels=a&last=0x10", "bad_last"],
    ["poll?channels=a&timeout=-5", "bad_timeout"],
  ])("refuses GET %s with %s", async (route, code) => {
    const { client } = await start();
    expect(await client.get(route)).toMatchObject({ status: 400, json: { error: { code } } });
  });

  it("refuses other methods with what it allows, and leaves other paths to others", async () => {
    const { client } = await start();
    const reply = await client.request("poll", { method: "DELETE" });
    expect(reply).toMatchObject({ status: 405, json: { error: { code: "bad_method" } } });
    expect(reply.headers.get("allow")).toBe("GET, POST");
    expect((await client.request("poll", { method: "OPTIONS" })).status).toBe(405);
    expect((await client.get("nothing")).status).toBe(404);
    expect((await client.get("constructor")).status).toBe(404);
  });

  it("turns polls away when too many wait, and says when to come back", async () => {
    const { bus, client } = await start({ maxWaiting: 1 });
    const held = client.poll({ channels: ["x"], last: bus.last });
    await until(() => bus.waiting === 1);
    const reply = await client.poll({ channels: ["x"], last: bus.last });
    expect(reply).toMatchObject({ status: 503, json: { error: { code: "busy" } } });
    expect(Number(reply.headers.get("retry-after"))).toBeGreaterThan(0);
    await bus.sendone("x", 1);
    await held;
    expect((await client.poll({ channels: ["x"], last: bus.last, timeout: 1 })).status).toBe(200);
  });
}
