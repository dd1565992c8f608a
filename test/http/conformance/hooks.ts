import { expect, it } from "vitest";
import { Bus } from "../../../src/bus.ts";
import { BusError } from "../../../src/errors.ts";
import { until } from "./client.ts";
import type { Host, Start } from "./host.ts";

/** The application's hooks: `channels` and `send`. */
export function describeHooks<Context>(start: Start<Context>, host: Host<Context>): void {
  it("reads the private channels that the hook adds for this client", async () => {
    const channels = (asked: readonly string[], context: Context) => [
      ...asked,
      ["res.partner", Number(host.header(context, "x-user"))] as const,
    ];
    const { bus, client } = await start({ channels });
    const ids = await bus.sendmany([
      [["res.partner", 3], "yours"],
      [["res.partner", 4], "another's"],
      ['["res.partner",3]', "a string that looks like it"],
    ]);
    const reply = await client.poll({ channels: [], last: 0 }, { headers: { "x-user": "3" } });
    expect(reply.json).toMatchObject({
      notifications: [{ id: ids[0], channel: ["res.partner", 3], message: "yours" }],
      last: ids[2],
    });
  });

  it("asks the hook once for a poll, before anything is read, and hands it the options of a JSON-RPC client", async () => {
    const asked: unknown[] = [];
    const channels = async (names: readonly string[], _: Context, options: unknown) => {
      asked.push([names, options]);
      return names;
    };
    const { bus, client } = await start({ channels });
    const params = { channels: ["x"], last: bus.last, options: { bus_inactivity: 5 } };
    const held = client.poll({ jsonrpc: "2.0", id: 1, params });
    await until(() => bus.waiting === 1);
    await bus.sendone("x", 1);
    await held;
    expect(asked).toEqual([[["x"], { bus_inactivity: 5 }]]);
  });

  it.each([401, 403])("answers %i where the hook throws an error with that status", async (status) => {
    const channels = () => {
      throw Object.assign(new Error("sign in first"), { status });
    };
    const { client } = await start({ channels });
    const error = { code: "refused", message: "sign in first" };
    expect(await client.poll({ channels: ["x"] })).toMatchObject({ status, json: { error } });
  });

  it.each([
    ["throws", () => Promise.reject(new Error("the password is 1234"))],
    ["throws an error of the bus's own", () => Promise.reject(Object.assign(new Error("1234"), { code: "bad_last" }))],
    ["returns no list", () => "x" as never],
    ["returns something that is no channel", () => [["x", {}]] as never],
  ])("answers 500 without a word where the hook %s, and tells the application", async (_, channels) => {
    const { bus, client } = await start({ channels });
    const errors: Error[] = [];
    bus.on("error", (error) => errors.push(error));
    const reply = await client.poll({ channels: ["x"] });
    expect(reply).toMatchObject({ status: 500, json: { error: { code: "internal" } } });
    expect(reply.text).not.toContain("1234");
    expect(errors).toHaveLength(1);
    expect(errors[0]?.message).toMatch(/channels hook/);
    expect(errors[0]?.cause).toBeInstanceOf(Error);
  });

  it("refuses a hook that leaves no channel", async () => {
    const { client } = await start({ channels: () => [] });
    expect(await client.poll({ channels: ["x"] })).toMatchObject({
      status: 400,
      json: { error: { code: "bad_channel" } },
    });
  });

  it("has no route send without a hook for it", async () => {
    const { bus, client } = await start();
    expect((await client.post("send", '{"entries":[["x",1]]}')).status).toBe(404);
    expect(await bus.recent(["x"], 1)).toEqual([]);
  });

  it("publishes what the hook allows, refuses or rewrites", async () => {
    const send = (entries: readonly (readonly [string, unknown])[], context: Context) => {
      const user = host.header(context, "x-user");
      if (user === undefined) return false;
      if (user === "root") return true;
      return entries.map(([name, message]) => [[name, user] as const, message] as const);
    };
    const { bus, client } = await start({ send });
    const post = (headers: Record<string, string>, entries: unknown = [["x", { text: "hi" }]]) =>
      client.post("send", JSON.stringify({ entries }), { headers });
    expect(await post({})).toMatchObject({ status: 403, json: { error: { code: "refused" } } });
    const allowed = await post({ "x-user": "root" });
    expect(allowed).toMatchObject({ status: 200, json: { ids: [bus.last] } });
    expect((await post({ "x-user": "ann" })).status).toBe(200);
    expect(await bus.recent(["x", ["x", "ann"]], 9)).toMatchObject([{ channel: "x" }, { channel: ["x", "ann"] }]);
  });

  it.each([
    ["a channel that is none", [["", 1]]],
    ["a message that is no JSON", [["x", () => 1]]],
    ["no pair", [["x"]]],
  ])("answers 500 without a word where the hook returns %s, and tells the application", async (_, entries) => {
    const { bus, client } = await start({ send: () => entries as never });
    const errors: Error[] = [];
    bus.on("error", (error) => errors.push(error));
    const reply = await client.post("send", '{"entries":[["x",1]]}');
    expect(reply).toMatchObject({ status: 500, json: { error: { code: "internal" } } });
    expect(errors).toHaveLength(1);
    expect(errors[0]?.message).toMatch(/send hook/);
    expect(errors[0]?.cause).toBeInstanceOf(BusError);
    expect(await bus.recent(["x"], 1)).toEqual([]);
  });

  it("leaves it to the client that its message is too large", async () => {
    const { client } = await start({ send: () => true }, new Bus({ maxMessage: 10 }));
    const reply = await client.post("send", '{"entries":[["x","longer than that"]]}');
    expect(reply).toMatchObject({ status: 400, json: { error: { code: "bad_message" } } });
  });

  it.each([
    [{}, "bad_message"],
    [{ entries: [] }, "bad_message"],
    [{ entries: [["x"]] }, "bad_message"],
    [{ entries: [["x", 1, 2]] }, "bad_message"],
    [{ entries: [[["x", 1], 1]] }, "bad_channel"],
    [{ entries: [[["presence", "x"], { joins: [] }]] }, "bad_channel"],
    [
      {
        entries: [
          ["ok", 1],
          ["presence", { joins: [] }],
        ],
      },
      "bad_channel",
    ],
    [{ entries: [["nightbus.presence", {}]] }, "bad_channel"],
    [
      {
        entries: [
          ["ok", 1],
          ["", 1],
        ],
      },
      "bad_channel",
    ],
    [
      {
        entries: [
          ["ok", 1],
          ["x".repeat(257), 1],
        ],
      },
      "bad_channel",
    ],
  ])("refuses to send %j, whole, and asks no hook that would make a tuple of a name", async (body, code) => {
    const { bus, client } = await start({
      send: (entries) => entries.map(([name, message]) => [[name, "room"], message]),
    });
    const last = bus.last;
    expect(await client.post("send", JSON.stringify(body))).toMatchObject({ status: 400, json: { error: { code } } });
    expect(bus.last).toBe(last);
  });
}
