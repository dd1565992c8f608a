import { expect, it } from "vitest";
import type { Start } from "./host.ts";

/** Sends that a client makes twice, since it does not know whether the first one came through. */
export function describeKeys<Context>(start: Start<Context>): void {
  const body = (message: unknown) => JSON.stringify({ entries: [["lobby", message]] });
  const keyed = (key: string) => ({ headers: { "idempotency-key": key } });

  it("commits a send of the same key once, with or without quotes, and answers the same ids", async () => {
    let stamp = 0;
    const { bus, client } = await start({
      send: (entries) => {
        stamp += 1;
        return entries.map(([name, message]) => [name, { message, stamp }] as const);
      },
    });
    const first = await client.post("send", body("once"), keyed("8f14"));
    const again = await client.post("send", body("once"), keyed('"8f14"'));
    expect([first.status, again.status]).toEqual([200, 200]);
    expect(again.json).toEqual(first.json);
    expect((await bus.poll(["lobby"], 0, 0)).map(({ message }) => message)).toEqual([{ message: "once", stamp: 1 }]);
  });

  it("refuses a key of other entries with 422, and a key that is none", async () => {
    const { bus, client } = await start({ send: () => true });
    await client.post("send", body("once"), keyed("k"));
    for (const [sent, key] of [
      ["twice", "k"],
      ["once", ""],
      ["once", "x".repeat(256)],
    ] as const) {
      const refused = await client.post("send", body(sent), keyed(key));
      expect([refused.status, refused.json]).toMatchObject([422, { error: { code: "bad_key" } }]);
    }
    expect(await bus.poll(["lobby"], 0, 0)).toHaveLength(1);
  });

  it("keeps the keys of users, and those of the server, apart", async () => {
    const users = ["ann", "ben", 7, "7", undefined];
    const { bus, client } = await start({ send: () => true, user: () => users.shift() });
    const ids = [await bus.sendone("lobby", "hi", { key: "k" })];
    while (users.length > 0) {
      const { json } = await client.post("send", body("hi"), keyed("k"));
      ids.push(...(json as { ids: number[] }).ids);
    }
    expect(new Set(ids).size).toBe(6);
  });
}
