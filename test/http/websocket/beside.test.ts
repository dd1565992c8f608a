import { describe, expect, it } from "vitest";
import { turns, until } from "../../../src/testing/conformance/bus/topic.ts";
import { gate, StoreDouble } from "../../support/doubles.ts";
import { type Bed, makeBed } from "./bed.ts";

interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly json: { readonly result?: unknown; readonly error?: { readonly code: number } };
}

async function call(
  bed: Bed,
  route: string,
  params: object,
  headers: Record<string, string> = {},
  signal: AbortSignal | null = null,
): Promise<Reply> {
  const response = await fetch(bed.url(`/websocket/${route}`, "http"), {
    method: "POST",
    signal,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ jsonrpc: "2.0", id: 7, params }),
  });
  return { status: response.status, headers: response.headers, json: (await response.json()) as Reply["json"] };
}

describe("beside the socket", () => {
  it("health is told as by every mount", async () => {
    const bed = await makeBed();
    const response = await fetch(bed.url("/websocket/health", "http"));
    expect([response.status, await response.text(), response.headers.get("cache-control")]).toEqual([
      200,
      '{"status":"pass"}',
      "no-store",
    ]);
    await bed.bus.close();
    expect((await fetch(bed.url("/websocket/health", "http"))).status).toBe(503);
  });

  it("a peek answers at once, in the form of the socket", async () => {
    const bed = await makeBed({ channels: (requested) => [...requested, ["user", 5]] });
    await bed.bus.sendone("a", "old");
    bed.clock.advance(50_001);
    const ids = await bed.bus.sendmany([
      ["a", { type: "t", payload: 1 }],
      [["user", 5], 2],
      ["b", 3],
    ]);
    const params = { channels: ["a", "odoo-presence-res.partner_3"], last: 0, is_first_poll: true };
    const { json, headers } = await call(bed, "peek_notifications", params);
    const notifications = [
      { id: ids[0], message: { type: "t", payload: 1 } },
      { id: ids[1], message: { type: "user", payload: 2 } },
    ];
    const channels = ["a", ["user", 5]];
    expect(json).toEqual({ jsonrpc: "2.0", id: 7, result: { notifications, channels } });
    const cookie = headers.get("set-cookie")!.split(";")[0]!;
    const later = { channels: ["a"], last: ids[0] };
    const peeked = await call(bed, "peek_notifications", later, { cookie });
    expect(peeked.json.result).toEqual({ notifications: [notifications[1]], channels });
    expect(peeked.headers.get("set-cookie")).toBeNull();
    const ahead = await call(bed, "peek_notifications", { channels: ["a"], last: bed.bus.last + 9 }, { cookie });
    expect(ahead.json.result).toEqual({ notifications, channels });
  });

  it("a peek of many pages is written in pieces", async () => {
    const bed = await makeBed();
    await bed.bus.sendmany(["x", "y"].map((text) => ["a", text.repeat(100_000)] as const));
    const params = { channels: ["a"], last: 0, is_first_poll: true };
    const { json } = await call(bed, "peek_notifications", params);
    expect(json.result).toMatchObject({
      notifications: [{ message: { payload: "x".repeat(100_000) } }, { message: { payload: "y".repeat(100_000) } }],
      channels: ["a"],
    });
    expect(bed.bus.stats().unsent).toBe(0);
  });

  it("a peek without a first one, or of a session that has ended, is answered with code 100", async () => {
    let isAlive = true;
    const bed = await makeBed({
      alive: () => isAlive,
      channels: (requested) => {
        if (requested.includes("mine")) throw Object.assign(new Error("who?"), { status: 401 });
        return requested;
      },
    });
    const code = async (params: object): Promise<unknown> =>
      (await call(bed, "peek_notifications", params)).json.error?.code;
    expect(await code({ channels: ["a"], last: 0 })).toBe(100);
    expect(await code({ channels: ["mine"], last: 0, is_first_poll: true })).toBe(100);
    expect(await code({ channels: ["a"], last: 0, is_first_poll: true })).toBeUndefined();
    isAlive = false;
    expect(await code({ channels: ["a"], last: 0, is_first_poll: true })).toBe(100);
  });

  it("bad parameters are answered with code 200, and bad requests by their status", async () => {
    const bed = await makeBed();
    for (const params of [{}, { channels: [1] }, { channels: ["a"], last: "x" }, { channels: ["a"], last: -1 }]) {
      const { json } = await call(bed, "peek_notifications", { is_first_poll: true, ...params });
      expect(json.error?.code).toBe(200);
    }
    const url = bed.url("/websocket/peek_notifications", "http");
    expect((await fetch(url)).status).toBe(405);
    expect((await fetch(url, { method: "POST", body: "x" })).status).toBe(415);
    expect((await fetch(bed.url("/websocket/health", "http"), { method: "POST" })).status).toBe(405);
  });

  it("update_bus_presence and on_closed are answered, and pages of every origin may ask", async () => {
    const bed = await makeBed();
    const origin = { origin: "https://a.example" };
    const updated = await call(bed, "update_bus_presence", { inactivity_period: 5 }, origin);
    expect([updated.json, updated.headers.get("access-control-allow-origin")]).toEqual([
      { jsonrpc: "2.0", id: 7, result: {} },
      "*",
    ]);
    expect((await call(bed, "on_closed", {})).json).toEqual({ jsonrpc: "2.0", id: 7 });
    const preflight = await fetch(bed.url("/websocket/on_closed", "http"), { method: "OPTIONS", headers: origin });
    expect([preflight.status, preflight.headers.get("access-control-allow-methods")]).toEqual([204, "GET, POST"]);
  });

  it("a peek meets an `alive` that answers neither true nor false as a socket does", async () => {
    const answers = [() => undefined, () => Promise.resolve(false), () => Promise.reject(new Error("a bug"))];
    for (const alive of answers as unknown as readonly (() => boolean)[]) {
      const bed = await makeBed({ alive });
      const { json } = await call(bed, "peek_notifications", { channels: ["a"], last: 0, is_first_poll: true });
      expect([json.result, json.error?.code, bed.errors.splice(0).length]).toEqual([undefined, 200, 1]); // the code of Odoo for a fault of the server
    }
  });

  it("other paths go to the next handler, or are answered 404", async () => {
    const bed = await makeBed();
    for (const path of ["/", "/websocket/elsewhere", "/websocket/health/deeper", "/websockets"]) {
      expect((await fetch(bed.url(path, "http"))).status).toBe(404);
    }
    bed.server.removeAllListeners("request");
    bed.server.on("request", (request, response) => {
      void bed.sockets.handle(request, response, () => void response.end("next"));
    });
    expect(await (await fetch(bed.url("/elsewhere", "http"))).text()).toBe("next");
    expect((await fetch(bed.url("/websocket/health", "http"))).status).toBe(200);
  });

  it.each(["hook", "store"])("a client that goes while the %s is asked is no fault", async (asked) => {
    const store = new StoreDouble();
    const answered = gate();
    let isAsked = false;
    const wait = (): Promise<void> => {
      isAsked = true;
      return answered.promise;
    };
    const bed =
      asked === "store"
        ? await makeBed({}, { store })
        : await makeBed({ channels: (names) => wait().then(() => names) }, { store });
    store.syncing = asked === "store" ? wait : () => {};
    const closed = new Promise((resolve) => bed.server.on("request", (_, response) => response.on("close", resolve)));
    const ending = new AbortController();
    const params = { channels: ["a"], last: bed.bus.last + 1, is_first_poll: true };
    const peeked = call(bed, "peek_notifications", params, {}, ending.signal);
    await until(() => isAsked, "it waits");
    ending.abort();
    await expect(peeked).rejects.toThrow(/aborted/);
    await closed;
    await turns();
    answered.resolve();
    await turns();
    expect(bed.errors).toEqual([]);
  });

  it("a fault of the application is a 500 without details, and is reported", async () => {
    const bed = await makeBed({
      channels: () => {
        throw new Error("secret");
      },
    });
    const { status, json } = await call(bed, "peek_notifications", { channels: ["a"], is_first_poll: true });
    expect([status, JSON.stringify(json).includes("secret"), bed.errors.length]).toEqual([500, false, 1]);
  });
});
