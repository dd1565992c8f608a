import assert from "node:assert/strict";
import { runInNewContext } from "node:vm";
import { connect } from "nightbus/client";
import { describe, it, vi } from "vitest";
import { FakeMount, refuse, withoutMark } from "./mount.ts";
import { start, useFakeTime, wait } from "./start.ts";

useFakeTime();

describe("a request", () => {
  it("carries the headers that are given, on every route", async () => {
    const { bus, mount } = start({ transport: "poll", headers: { Authorization: "Bearer me" } });
    await wait();
    await bus.sendone("a", 1);
    assert.deepEqual(
      [...new Set(mount.asked.map((asked) => asked.split(/[ ?]/, 2).join(" ")))],
      ["HEAD events", "GET poll", "POST send"],
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

  it("asks for headers once more when they are answered 401, on every route, and then gives up", async () => {
    let asked = 0;
    const { bus, mount, errors } = start({ headers: () => ({ token: `${++asked}` }) });
    mount.fault = () => (asked % 2 === 1 ? refuse(401, "refused") : undefined);
    await wait();
    assert.deepEqual([bus.status, errors], ["live", []]);
    assert.equal(await bus.sendone("a", 1), 101);
    mount.fault = () => refuse(401, "refused");
    mount.cut();
    await wait(3_000);
    assert.deepEqual([bus.status, errors, asked], ["closed", ["refused"], 6]);
  });

  it("goes by POST when its list of channels fits into no URL, also with its first look at the newest id", async () => {
    const channels = Array.from({ length: 100 }, (_, n) => `\u65e5${n}`.padEnd(256, "\u672c"));
    for (const transport of ["auto", "poll"] as const) {
      const urls: string[] = [];
      const mount = new FakeMount();
      const fetch: typeof mount.fetch = (url, init) => {
        urls.push(String(url));
        return mount.fetch(url, init);
      };
      const { bus, ids } = start({ channels, transport, fetch }, mount);
      await wait();
      mount.send(channels[99]!);
      await wait();
      mount.cut();
      mount.send(channels[0]!);
      await wait(3_000);
      assert.deepEqual([ids, bus.status], [[101, 102], "live"]);
      assert.ok(Math.max(...urls.map(({ length }) => length)) < 4_000);
      bus.close();
    }
  });

  it("has an address of its own if it reads, so that nothing answers for the mount", async () => {
    for (const transport of ["auto", "poll"] as const) {
      const mount = new FakeMount();
      const urls: string[] = [];
      const kept = new Map<string, Response>();
      // A service worker that asks its cache first.
      const fetch: typeof mount.fetch = async (url, init = {}) => {
        const address = `${init.method ?? "GET"} ${url}`;
        urls.push(address);
        const known = kept.get(address)?.clone();
        if (known) return known;
        const answer = await mount.fetch(url, init);
        if (transport === "poll") kept.set(address, answer.clone());
        return answer;
      };
      const { bus, ids } = start({ transport, fetch, last: 100 }, mount);
      await wait(60_000);
      mount.cut();
      await wait(60_000);
      mount.send("a");
      await wait(3_000);
      assert.deepEqual(ids, [101]);
      assert.equal(new Set(urls).size, urls.length);
      assert.ok(urls.length > 1);
      bus.close();
    }
  });

  it("takes headers in every form that fetch knows, one type of content among them", async () => {
    const list = [
      ["content-type", "text/plain"],
      ["token", "me"],
    ];
    for (const headers of [Object.fromEntries(list), list, new Headers(list as [string, string][])]) {
      const { bus, mount } = start({ transport: "poll", headers: headers as Record<string, string> });
      await bus.sendone("a", 1);
      const sent = mount.headers[mount.asked.findIndex((asked) => asked.startsWith("POST send"))]!;
      assert.deepEqual([sent.get("content-type"), sent.get("token")], ["application/json", "me"]);
      bus.close();
    }
  });

  it.each([204, 205])("that is answered %i is told so, as no answer of a bus", async (status) => {
    for (const transport of ["events", "poll"] as const) {
      const mount = new FakeMount();
      mount.fault = () => new Response(null, { status });
      const { bus } = start({ transport, last: 1 }, mount);
      const reasons: unknown[] = [];
      bus.on("status", (_, reason) => reasons.push([reason?.code, reason?.status]));
      await wait(10);
      assert.deepEqual(reasons, [["http", status]]);
      await assert.rejects(bus.sendone("a", 1), { code: "http", status });
      bus.close();
    }
  });

  it("knows an answer that is no JSON in every realm", async () => {
    const mount = new FakeMount();
    const foreign: unknown = runInNewContext("new SyntaxError('of another realm')");
    assert.ok(!(foreign instanceof Error));
    mount.fault = () => Object.assign(new Response("<html>"), { json: () => Promise.reject(foreign) });
    const { bus } = start({ transport: "poll", last: 1 }, mount);
    const reasons: unknown[] = [];
    bus.on("status", (_, reason) => reasons.push([reason?.code, reason?.status]));
    await wait(10);
    assert.deepEqual(reasons, [["http", 200]]);
    bus.close();
  });

  it("is never made for a name with half a character, which no address can hold", async () => {
    for (const name of ["\ud800", "x\udc00y"]) {
      const refused = { name: "ClientError", code: "bad_argument" };
      assert.throws(() => start({ channels: [name] }), refused);
      const { bus } = start({ channels: ["\u{1f600}"] });
      assert.throws(() => bus.addChannel(name), refused);
      await assert.rejects(bus.sendone(name, 1), refused);
      bus.close();
    }
  });

  it("carries the credentials that are given. One that reads comes from no cache", async () => {
    const mount = new FakeMount();
    const given: unknown[] = [];
    const fetch: typeof mount.fetch = (url, init) => {
      given.push([init?.method, init?.credentials, init?.cache]);
      return mount.fetch(url, init);
    };
    for (const options of [{}, { credentials: "include" as const }]) {
      const { bus } = start({ fetch, ...options }, mount);
      await bus.sendone("a", 1);
      bus.close();
    }
    assert.deepEqual(given, [
      ["POST", undefined, undefined],
      [undefined, undefined, "no-store"],
      ["POST", "include", undefined],
      [undefined, "include", "no-store"],
    ]);
  });

  it("goes to the route below the base, with the page's fetch where none is given", async () => {
    const mount = new FakeMount();
    const urls: unknown[] = [];
    vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
      urls.push(withoutMark(url));
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
    [{ channel: [] }],
    [{ transport: "websocket" }],
  ])("is never made with %j", (options) => {
    assert.throws(() => start(options as never), { name: "ClientError", code: "bad_argument" });
  });

  it("is never made without a base, and refuses names that there are not with those that there are", () => {
    for (const base of [undefined, "", "/bus?token=1", "/bus#top", new URL("http://bus/x?y")])
      assert.throws(() => connect(base as never), { name: "ClientError", code: "bad_argument" });
    assert.throws(() => start({ channel: [] } as never), /channels, last, transport, .*channel$/);
    assert.throws(() => start({ transport: "websocket" } as never), /auto, events, poll.*websocket/);
    const { bus } = start();
    assert.throws(() => bus.on("notifications" as "status", () => {}), /notification, missed, status, error/);
    bus.close();
  });
});
