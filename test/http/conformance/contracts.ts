import { array, object, pipe, string, trim } from "valibot";
import { expect, it } from "vitest";
import { Bus } from "../../../src/bus.ts";
import type { Start } from "./host.ts";

const ISSUES = [
  { path: ["text"], message: expect.any(String) },
  { path: ["to", 1], message: expect.any(String) },
];
const RIGHT = { text: " hi ", to: ["ann", "ben"] };
const WRONG = { text: 1, to: ["ann", 2] };

/** The body of a plain send. */
function entry(channel: string, message: unknown): string {
  return JSON.stringify({ entries: [[channel, message]] });
}

/** The answers to messages that a contract of the bus refuses. */
export function describeContracts<Context>(start: Start<Context>): void {
  const make = (): Bus =>
    new Bus({
      channels: { lobby: object({ text: pipe(string(), trim()), to: array(string()) }) },
    }) as unknown as Bus; // the mounts of these tests have no map

  it("sends the value of the schema, and refuses a wrong message with its issues", async () => {
    const { bus, client } = await start({ send: () => true }, make());
    expect((await client.post("send", entry("lobby", RIGHT))).status).toBe(200);
    const refused = await client.post("send", entry("lobby", WRONG));
    expect(refused.status).toBe(422);
    expect(refused.json).toEqual({ error: { code: "bad_message", message: expect.any(String), issues: ISSUES } });
    const unknown = await client.post("send", entry("loby", RIGHT));
    expect([unknown.status, unknown.json]).toMatchObject([400, { error: { code: "bad_channel" } }]);
    const [only, ...others] = await bus.poll(["lobby", "loby"], 0, 0);
    expect([only!.message, others]).toEqual([{ ...RIGHT, text: "hi" }, []]);
  });

  it("does not blame a client for a schema that fails, and tells the application", async () => {
    const failure = new Error("the password is 1234");
    const schema = { "~standard": { version: 1, vendor: "test", validate: () => Promise.reject(failure) } } as const;
    const bus = new Bus({ channels: { lobby: schema } }) as unknown as Bus; // as above
    const errors: Error[] = [];
    bus.on("error", (error) => errors.push(error));
    const { client } = await start({ send: () => true }, bus);
    const { status, json } = await client.post("send", entry("lobby", RIGHT));
    expect([status, json]).toMatchObject([500, { error: { code: "internal" } }]);
    expect(errors.map(({ cause }) => cause)).toEqual([failure]);
  });

  it("tells the issues in JSON-RPC, too", async () => {
    const { client } = await start({ send: () => true }, make());
    const call = { jsonrpc: "2.0", id: 3, params: { channel: "lobby", message: WRONG } };
    const { status, json } = await client.post("send", JSON.stringify(call));
    expect(status).toBe(200);
    expect(json).toMatchObject({ id: 3, error: { code: 200, data: { arguments: ISSUES } } });
  });

  it("tells a client of its own mistake if the hook passes its message on", async () => {
    const { client } = await start(
      { send: (entries) => entries.map(([name, message]) => [[name, 7], message]) },
      make(),
    );
    expect((await client.post("send", entry("lobby", WRONG))).status).toBe(422);
  });
}
