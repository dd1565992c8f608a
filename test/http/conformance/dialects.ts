import { expect, it } from "vitest";
import { Bus } from "../../../src/bus.ts";
import { epochAt } from "../../../src/util/ids.ts";
import { until } from "./client.ts";
import type { Start } from "./host.ts";

/** The dialect of Odoo's long-polling clients. */
export function describeDialects<Context>(start: Start<Context>): void {
  const call = (params: unknown, more: object = { id: 7 }) => ({ jsonrpc: "2.0", method: "call", params, ...more });
  const serverError = (id: unknown, message: string) => ({
    jsonrpc: "2.0",
    id,
    error: { code: 200, message: "Odoo Server Error", data: { debug: "", message, arguments: [message] } },
  });

  it("answers a JSON-RPC poll with jsonrpc, id and result, in this order", async () => {
    const { bus, client } = await start();
    const [before, id] = await bus.sendmany([
      ["other", 0],
      ["lobby", { a: 1 }],
    ]);
    const reply = await client.poll(call({ channels: ["lobby"], last: before, options: {} }));
    expect(reply.text).toBe(`{"jsonrpc":"2.0","id":7,"result":[{"id":${id},"channel":"lobby","message":{"a":1}}]}`);
    expect(reply.headers.get("nightbus-last")).toBe(String(id));
    expect(reply.headers.get("nightbus-missed")).toBeNull();
  });

  it("echoes whatever id there is, and null for none", async () => {
    const { client } = await start({ timeout: 0 });
    expect((await client.poll(call({ channels: ["x"] }, { id: "r'1" }))).text).toBe(
      '{"jsonrpc":"2.0","id":"r\'1","result":[]}',
    );
    expect((await client.poll({ params: { channels: ["x"], last: 0 } })).text).toBe(
      '{"jsonrpc":"2.0","id":null,"result":[]}',
    );
  });

  it("takes last 0 for what was sent a short while ago, and a positive last for everything after it", async () => {
    let passed = 0;
    const clock = {
      now: () => Date.now() + passed,
      monotonic: () => performance.now() + passed,
      base: () => epochAt(Date.now() + passed),
      setTimeout: (callback: () => void, ms: number) => setTimeout(callback, ms),
      clearTimeout: (timer: unknown) => clearTimeout(timer as NodeJS.Timeout),
    };
    const { bus, client } = await start({ lookback: 50_000 }, new Bus({ clock }));
    const old = await bus.sendone("x", "old");
    passed += 50_001;
    const fresh = await bus.sendone("x", "fresh");
    const ids = async (last: number) => {
      const { json } = await client.poll(call({ channels: ["x"], last }));
      return (json as { result: { id: number }[] }).result.map(({ id }) => id);
    };
    expect(await ids(0)).toEqual([fresh]);
    expect(await ids(old - 1)).toEqual([old, fresh]);
  });

  it("answers a peek at once, with the channels", async () => {
    const { bus, client } = await start();
    const params = { channels: ["x", "y"], last: bus.last, options: { peek: true } };
    expect((await client.poll(call(params))).text).toBe(
      '{"jsonrpc":"2.0","id":7,"result":{"notifications":[],"channels":["x","y"]}}',
    );
    expect(bus.waiting).toBe(0);
  });

  it("answers bad params as an error of the application, with status 200 and Odoo's sentence", async () => {
    const { client } = await start();
    const reply = await client.poll(call({ channels: [["res.partner", 3]], last: 0 }));
    expect(reply.status).toBe(200);
    expect(reply.json).toMatchObject(serverError(7, "bus.Bus only string channels are allowed."));
    expect(Object.keys(reply.json as object)).toEqual(["jsonrpc", "id", "error"]);
    const last = await client.poll(call({ channels: ["x"], last: -1 }));
    expect(last).toMatchObject({ status: 200, json: { error: { code: 200, data: { name: "nightbus.bad_last" } } } });
    expect((await client.poll({ jsonrpc: "2.0", id: 1 })).json).toMatchObject({ id: 1, error: { code: 200 } });
  });

  it("says that the bus is unavailable once it is closed", async () => {
    const { bus, client } = await start();
    await bus.close();
    const reply = await client.poll(call({ channels: ["x"], last: 0 }));
    expect(reply).toMatchObject({ status: 200, json: serverError(7, "bus.Bus unavailable") });
  });

  it("says that the session has expired where the hook refuses with 401", async () => {
    const refuse = (status: number) => () => {
      throw Object.assign(new Error("who are you?"), { status });
    };
    const expired = await (await start({ channels: refuse(401) })).client.poll(call({ channels: [] }));
    expect(expired).toMatchObject({ status: 200, json: { error: { code: 100, message: "Odoo Session Expired" } } });
    const refused = await (await start({ channels: refuse(403) })).client.poll(call({ channels: [] }));
    expect(refused).toMatchObject({ status: 200, json: { error: { code: 200, data: { debug: "" } } } });
  });

  it("leaves the result out of what answers a send", async () => {
    const { bus, client } = await start({ send: () => true });
    const reply = await client.post("send", JSON.stringify(call({ channel: "x", message: { a: 1 } })));
    expect(reply.text).toBe('{"jsonrpc":"2.0","id":7}');
    expect(await bus.recent(["x"], 1)).toMatchObject([{ message: { a: 1 } }]);
    const tuple = await client.post("send", JSON.stringify(call({ channel: ["x", 1], message: 1 })));
    expect(tuple.json).toMatchObject(serverError(7, "bus.Bus only string channels are allowed."));
  });

  it("refuses a send without a message before the hook is asked", async () => {
    const { bus, client } = await start({ send: (entries) => entries.map((entry) => entry) });
    const errors: Error[] = [];
    bus.on("error", (error) => errors.push(error));
    const reply = await client.post("send", JSON.stringify(call({ channel: "x" })));
    expect(reply).toMatchObject({ status: 200, json: { error: { data: { name: "nightbus.bad_message" } } } });
    expect(errors).toEqual([]);
  });

  it("keeps HTTP errors for what is not the application's: too many polls", async () => {
    const { bus, client } = await start({ maxWaiting: 0 });
    const reply = await client.poll(call({ channels: ["x"], last: bus.last }));
    expect(reply).toMatchObject({ status: 503, json: { error: { code: "busy" } } });
  });

  it("holds a JSON-RPC poll until something comes", async () => {
    const { bus, client } = await start();
    const held = client.poll(call({ channels: ["x"], last: bus.last }));
    await until(() => bus.waiting === 1);
    const id = await bus.sendone("x", 1);
    expect((await held).json).toEqual({ jsonrpc: "2.0", id: 7, result: [{ id, channel: "x", message: 1 }] });
  });
}
