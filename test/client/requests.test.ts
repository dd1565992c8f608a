import assert from "node:assert/strict";
import { connect } from "nightbus/client";
import { afterEach, beforeEach, describe, it, vi } from "vitest";
import { FakeMount } from "./mount.ts";
import { start, wait } from "./start.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("a request", () => {
  it("carries the headers that are given, on every route", async () => {
    const { bus, mount } = start({ transport: "poll", headers: { Authorization: "Bearer me" } });
    await wait();
    await bus.sendone("a", 1);
    assert.deepEqual(
      [...new Set(mount.asked.map((asked) => asked.split(/[ ?]/, 2).join(" ")))],
      ["HEAD events", "POST poll", "POST send"],
    );
    for (const headers of mount.headers) assert.equal(headers.get("Authorization"), "Bearer me");
    bus.close();
  });

  it("asks a function for its headers, anew for each attempt, and waits for them", async () => {
    let asked = 0;
    const headers = async (): Promise<Record<string, string>> => {
      asked += 1;
      const token = `${asked}`;
      await new Promise((resolve) => setTimeout(resolve, 50));
      return { token };
    };
    const { bus, mount } = start({ headers });
    await wait(49);
    assert.equal(mount.asked.length, 0);
    await wait(1);
    mount.cut();
    await wait(600);
    assert.deepEqual(
      mount.headers.map((one) => one.get("token")),
      ["1", "2"],
    );
    bus.close();
  });

  it("is made again later when the headers cannot be had", async () => {
    let online = false;
    const headers = (): Record<string, string> => {
      if (!online) throw new Error("no token");
      return {};
    };
    const { bus, statuses, errors } = start({ headers });
    await wait(10);
    online = true;
    await wait(10_000);
    assert.deepEqual([statuses, errors], [["waiting", "live"], []]);
    bus.close();
  });

  it("carries the credentials that are given, and comes from no cache", async () => {
    const mount = new FakeMount();
    const given: unknown[] = [];
    const fetch: typeof mount.fetch = (url, init) => {
      given.push([init?.credentials, init?.cache]);
      return mount.fetch(url, init);
    };
    for (const options of [{}, { credentials: "include" as const }]) {
      const { bus } = start({ fetch, ...options }, mount);
      await wait();
      bus.close();
    }
    assert.deepEqual(given, [
      [undefined, "no-store"],
      ["include", "no-store"],
    ]);
  });

  it("goes to the route below the base, with the page's fetch where none is given", async () => {
    const mount = new FakeMount();
    const urls: unknown[] = [];
    vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
      urls.push(url);
      return mount.fetch(url, init);
    });
    for (const base of ["/bus", "/bus//", new URL("http://bus/x/")]) {
      const bus = connect(base as string, { channels: ["a b&c"] });
      await wait();
      bus.close();
    }
    const query = "channels=a+b%26c";
    assert.deepEqual(urls, [`/bus/events?${query}`, `/bus/events?${query}`, `http://bus/x/events?${query}`]);
  });

  it.each([
    [{ last: -1 }],
    [{ last: 1.5 }],
    [{ last: "7" }],
    [{ heartbeat: 0 }],
    [{ heartbeat: Number.NaN }],
    [{ channels: "a" }],
    [{ channels: [7] }],
  ])("is never made with %j", (options) => {
    assert.throws(() => start(options as never), { name: "ClientError", code: "bad_argument" });
  });
});
