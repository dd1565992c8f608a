import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it, vi } from "vitest";
import { FakeMount, frameOf, refuse } from "./mount.ts";
import { start, useFakeTime, wait } from "./start.ts";

useFakeTime();

describe("a stream", () => {
  it("begins now, hands over what is sent, and moves with the heartbeats", async () => {
    const { mount, bus, ids, statuses } = start();
    assert.equal(bus.status, "connecting");
    assert.equal(bus.last, undefined);
    await wait();
    assert.deepEqual(mount.asked, ["GET events?channels=a"]);
    assert.deepEqual(statuses, ["live"]);
    assert.equal(bus.last, 100);
    mount.send("a", "b", "a");
    await wait();
    assert.deepEqual(ids, [101, 103]);
    mount.send("b");
    mount.heartbeat();
    await wait();
    assert.equal(bus.last, 104);
    bus.close();
  });

  it("goes on from the last id after a break, without a duplicate", async () => {
    const { mount, bus, ids, statuses } = start({ last: 100 });
    await wait();
    mount.send("a");
    await wait();
    mount.cut();
    mount.send("a");
    await wait(500);
    assert.deepEqual(ids, [101, 102]);
    assert.equal(mount.asked.at(-1), "GET events?channels=a&last=101");
    assert.deepEqual(statuses, ["live", "waiting", "live"]);
    bus.close();
  });

  it("resumes exactly wherever its bytes were cut", async () => {
    const rows = [101, 102, 103].map((id) => ({ id, channel: "a", message: "é😀\u2028" }));
    const bytes = new TextEncoder().encode(`id: 100\n\n${rows.map(frameOf).join("")}id: 103\n\n`);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length), fc.nat(bytes.length), async (first, second) => {
        const cuts = [first, second, bytes.length];
        const { bus, ids, mount } = start({ last: 100, transport: "events" });
        mount.fault = (asked) => {
          const last = Number(/last=(\d+)/.exec(asked)?.[1]);
          const rest = `id: ${last}\n\n${rows
            .filter(({ id }) => id > last)
            .map(frameOf)
            .join("")}`;
          const all = new TextEncoder().encode(rest);
          return new Response(all.slice(0, cuts.shift() ?? all.length));
        };
        await wait(60_000);
        assert.deepEqual(ids, [101, 102, 103]);
        bus.close();
      }),
      { numRuns: 60 },
    );
  });

  it("tells of a gap, and takes what follows it", async () => {
    const { mount, bus, ids, gaps } = start({ last: 99 });
    mount.send("a", "a", "a");
    mount.trim(102);
    await wait();
    assert.deepEqual(gaps, [99]);
    assert.deepEqual(ids, [103]);
    bus.close();
  });

  it("takes a new log after one that was longer, from its beginning", async () => {
    const { mount, bus, ids, gaps } = start();
    await wait();
    mount.restart(10);
    mount.send("a");
    await wait(1_000);
    assert.deepEqual([gaps, ids, bus.last], [[100], [11], 11]);
    bus.close();
  });

  it("is reopened at once when the server ends it at its age, and with a pause when that comes too soon", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0.9);
    const { mount, bus, statuses } = start();
    await wait(10_000);
    mount.end();
    await wait();
    assert.equal(mount.asked.length, 2);
    mount.end();
    await wait(449);
    assert.equal(mount.asked.length, 2);
    await wait(1);
    assert.equal(mount.asked.length, 3);
    assert.deepEqual(statuses, ["live", "waiting", "live"]);
    bus.close();
  });

  it.each([
    ["as the option says, until the mount does", { heartbeat: 4_000 }, undefined],
    ["as the mount says", {}, 4_000],
  ])("is broken after 2.5 heartbeats without a byte, %s", async (_, options, says) => {
    const mount = new FakeMount();
    mount.says = says;
    const { bus } = start(options, mount);
    await wait(9_000);
    mount.write(":\n");
    await wait(9_999);
    assert.equal(mount.streams, 1);
    await wait(1);
    assert.equal(mount.streams, 0);
    bus.close();
  });
});

describe("the pauses between attempts", () => {
  it("are at random below a bound that doubles from 0.5 s to 30 s", async () => {
    const { mount, bus } = start({ transport: "events" });
    mount.fault = () => Promise.reject(new TypeError("no network"));
    const random = vi.spyOn(Math, "random").mockReturnValue(1);
    await wait();
    for (const bound of [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      const before = mount.asked.length;
      await wait(bound - 1);
      assert.equal(mount.asked.length, before, `${bound}`);
      await wait(1);
      assert.equal(mount.asked.length, before + 1, `${bound}`);
    }
    random.mockReturnValue(0);
    await wait(30_000);
    const before = mount.asked.length;
    await wait(1);
    assert.ok(mount.asked.length > before);
    bus.close();
  });

  it("begin short again after a stable time", async () => {
    vi.spyOn(Math, "random").mockReturnValue(1);
    const { mount, bus } = start({ transport: "events" });
    mount.fault = () => Promise.reject(new TypeError("no network"));
    await wait(10_000);
    mount.fault = () => undefined;
    await wait(30_000);
    assert.equal(bus.status, "live");
    mount.cut();
    await wait(500);
    assert.equal(bus.status, "live");
    bus.close();
  });

  it.each([
    ["seconds", () => "40"],
    ["a date", () => new Date(Date.now() + 40_000).toUTCString()],
  ])("are as long as Retry-After says in %s", async (_, after) => {
    const { mount, bus, errors } = start();
    mount.fault = () => refuse(503, "busy", { "Retry-After": after() });
    await wait(38_000);
    assert.equal(mount.asked.length, 1);
    mount.fault = () => undefined;
    await wait(2_500);
    assert.equal(bus.status, "live");
    assert.deepEqual(errors, []);
    bus.close();
  });

  it("are not cut short by a channel that is added", async () => {
    const { mount, bus } = start();
    mount.fault = () => refuse(503, "busy", { "Retry-After": "40" });
    await wait(1_000);
    bus.addChannel("b");
    await wait(38_000);
    assert.equal(mount.asked.length, 1);
    mount.fault = () => undefined;
    await wait(1_500);
    assert.equal(mount.asked.at(-1), "GET events?channels=a&channels=b");
    bus.close();
  });

  it("are as long as the stream's retry says", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0);
    const { mount, bus } = start();
    mount.retry = "retry: 7000\n";
    await wait();
    mount.cut();
    await wait(6_999);
    assert.equal(mount.asked.length, 1);
    await wait(1);
    assert.equal(mount.asked.length, 2);
    bus.close();
  });

  it("end when the network comes back or the page becomes visible, but not before the server wishes", async () => {
    const page = new EventTarget();
    const navigator = { onLine: false };
    const document = { visibilityState: "hidden" };
    vi.stubGlobal("navigator", navigator);
    vi.stubGlobal("document", document);
    vi.stubGlobal("addEventListener", page.addEventListener.bind(page));
    vi.spyOn(Math, "random").mockReturnValue(0.9);
    const { mount, bus } = start({ transport: "events" });
    mount.fault = () => Promise.reject(new TypeError("no network"));
    await wait();
    assert.equal(bus.status, "offline");
    page.dispatchEvent(new Event("visibilitychange"));
    await wait();
    assert.equal(mount.asked.length, 1);
    navigator.onLine = true;
    document.visibilityState = "visible";
    page.dispatchEvent(new Event("online"));
    await wait();
    assert.equal(mount.asked.length, 2);
    assert.equal(bus.status, "waiting");
    mount.fault = () => refuse(503, "busy", { "Retry-After": "5" });
    page.dispatchEvent(new Event("visibilitychange"));
    await wait();
    assert.equal(mount.asked.length, 3);
    page.dispatchEvent(new Event("visibilitychange"));
    await wait(4_999);
    assert.equal(mount.asked.length, 3);
    await wait(1);
    assert.equal(mount.asked.length, 4);
    bus.close();
  });
});

describe("a refusal", () => {
  it.each([
    [400, "bad_channel"],
    [400, "bad_last"],
    [401, "refused"],
    [403, "refused"],
    [404, "not_found"],
    [405, "bad_method"],
    [413, "too_large"],
  ])("with %i %s closes the client with an error", async (status, code) => {
    const { mount, bus, errors, statuses } = start();
    mount.fault = () => refuse(status, code);
    await wait(60_000);
    assert.equal(mount.asked.length, 1);
    assert.equal(bus.status, "closed");
    assert.deepEqual([errors, statuses], [[code], ["closed"]]);
  });

  it.each([401, 403])("with %i is one whatever its body is", async (status) => {
    const { mount, bus, errors } = start();
    mount.fault = async () => Response.json(null, { status });
    await wait(60_000);
    assert.deepEqual([mount.asked.length, bus.status, errors], [1, "closed", ["http"]]);
  });

  it.each([
    ["404 of a proxy", () => new Response("<html>", { status: 404 })],
    ["400 of a proxy", () => new Response("", { status: 400 })],
    ["404 of a gateway", () => refuse(404, "404")],
    ["429 of a gateway", () => refuse(429, "too_many_requests")],
    ["502 of a gateway", () => refuse(502, "bad_gateway")],
    ["500 of the mount", () => refuse(500, "internal")],
    ["503 of a bus that closes", () => refuse(503, "closed")],
  ])("is none that may pass, as the %s", async (_, answer) => {
    const { mount, bus, ids, errors, statuses } = start({ last: 100 });
    mount.fault = answer;
    await wait(5_000);
    assert.equal(bus.status, "waiting");
    mount.fault = () => undefined;
    mount.send("a");
    await wait(30_000);
    assert.deepEqual([ids, errors, statuses], [[101], [], ["waiting", "live"]]);
    bus.close();
  });

  it("for having no channel waits for one", async () => {
    const { mount, bus } = start({ channels: [] });
    await wait(100_000);
    assert.deepEqual(mount.asked, ["GET events"]);
    bus.addChannel("a");
    await wait();
    assert.equal(bus.status, "live");
    bus.close();
  });
});
