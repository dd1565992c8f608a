import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import type { Host, Start } from "./host.ts";

/** The bodies of requests at a mount. */
export function describeBodies<Context>(start: Start<Context>, host: Host<Context>): void {
  it("refuses a body that is no JSON, too large, or not called JSON", async () => {
    const { bus, client } = await start({ maxBody: 1000, send: () => true });
    const unreadable = await client.post("poll", "{");
    expect(unreadable.status).toBe(400);
    if (!host.parsesBodies) expect(unreadable.json).toMatchObject({ error: { code: "bad_json" } });
    const large = JSON.stringify({ channels: ["x".repeat(2000)] });
    expect(await client.post("poll", large)).toMatchObject({ status: 413, json: { error: { code: "too_large" } } });
    const form = { "content-type": "application/x-www-form-urlencoded" };
    const unnamed = await client.request("send", { method: "POST", body: "entries=1", headers: form });
    expect(unnamed).toMatchObject({ status: 415, json: { error: { code: "bad_type" } } });
    expect(bus.last).toBe((await bus.recent(["x"], 1)).last);
  });

  it("refuses a body of unknown length as soon as it is too large", async () => {
    const { client } = await start({ maxBody: 1000 });
    const pieces = ['{"channels":["', ...Array<string>(40).fill("x".repeat(100)), '"]}'];
    expect(await client.postInPieces("poll", pieces)).toMatchObject({ status: 413 });
    const few = ['{"channels":[', '"x"', '],"timeout":0}'];
    expect(await client.postInPieces("poll", few)).toMatchObject({ status: 200 });
  });

  it("says of a body that is empty that it may have been read before", async () => {
    const { client } = await start();
    const reply = await client.post("poll", "");
    expect(reply.status).toBe(400);
    if (!host.parsesBodies) expect(reply.text).toMatch(/the body is empty, or was read already/);
  });

  it("refuses a body that is nested too deep for whoever writes it as JSON again", async () => {
    const { bus, client } = await start({ send: (entries) => entries.map(([name, message]) => [name, message]) });
    const errors: Error[] = [];
    bus.on("error", (error) => errors.push(error));
    const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
    const deep = nested(20_000);
    for (const [route, body] of [
      ["poll", `{"params":{"channels":["x"]},"id":${deep}}`],
      ["poll", `{"channels":["x"],"timeout":0,"more":${deep}}`],
      ["send", `{"entries":[["x",${deep}]]}`],
      ["send", `{"params":{"channel":"x","message":${deep}}}`],
    ] as const) {
      expect(await client.post(route, body)).toMatchObject({ status: 400, json: { error: { code: "bad_json" } } });
      expect(await client.postInPieces(route, [body])).toEqual({ status: 400 });
    }
    expect(errors).toEqual([]);
    expect((await client.post("send", `{"entries":[["x",${nested(497)}]]}`)).status).toBe(200);
    expect((await client.post("send", `{"entries":[["x",${nested(498)}]]}`)).status).toBe(400);
  });

  if (!host.parsesBodies) return;
  it("measures a body that the framework has inflated", async () => {
    const { client } = await start({ maxBody: 1000 });
    const headers = { "content-type": "application/json", "content-encoding": "gzip" };
    const post = (body: unknown) =>
      client.request("poll", { method: "POST", body: gzipSync(JSON.stringify(body)), headers });
    const large = await post({ channels: ["x".repeat(4000)] });
    expect(large).toMatchObject({ status: 413, json: { error: { code: "too_large" } } });
    expect((await post({ channels: ["x"], timeout: 0 })).status).toBe(200);
  });
}
