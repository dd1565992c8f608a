import assert from "node:assert/strict";
import { ClientError, type ClientOptions } from "nightbus/client";
import { describe, it, vi } from "vitest";
import { Lab } from "./lab.ts";
import { FakeMount, refuse } from "./mount.ts";
import { start, useFakeTime, wait } from "./start.ts";

useFakeTime();

const page = (status: number): Response =>
  new Response("<html>log in</html>", { status, headers: { "Content-Type": "text/html" } });

/** A client whose statuses are heard with their reasons. */
function told(options: Partial<ClientOptions> = {}) {
  const one = start(options);
  const reasons: unknown[] = [];
  one.bus.on("status", (status, reason) => {
    assert.ok(reason === undefined || reason instanceof ClientError);
    reasons.push([status, reason?.code, reason?.status]);
  });
  return { ...one, reasons };
}

describe("the reason of a status", () => {
  it.each<[string, Partial<ClientOptions>, () => Response, unknown]>([
    ["a mistyped path", {}, () => page(404), ["waiting", "http", 404]],
    ["a login page", {}, () => page(200), ["waiting", "http", 200]],
    ["a login page that is polled", { transport: "poll", last: 1 }, () => page(200), ["waiting", "http", 200]],
    ["foreign JSON", { transport: "poll", last: 1 }, () => Response.json({}), ["waiting", "http", 200]],
    ["the mount's word", {}, () => refuse(503, "store"), ["waiting", "store", 503]],
    ["a refusal", {}, () => refuse(403, "refused"), ["closed", "refused", 403]],
  ])("is told of %s", async (_, options, answer, reason) => {
    const { bus, mount, reasons } = told(options);
    mount.fault = answer;
    await wait(3_000);
    assert.deepEqual(reasons.at(-1), reason);
    mount.fault = () => undefined;
    bus.close();
  });

  it("is what headers threw, and another one when that is another", async () => {
    const broken = new Error("no token");
    let headers = (): Record<string, string> => {
      throw broken;
    };
    const { bus, mount, reasons } = told({ headers: () => headers() });
    const causes: unknown[] = [];
    bus.on("status", (_, reason) => causes.push(reason?.cause));
    await wait(2_000);
    assert.deepEqual([reasons, causes], [[["waiting", "network", undefined]], [broken]]);
    headers = () => ({});
    mount.fault = () => page(502);
    await wait(8_000); // the pause after the fifth failure may take nearly so long
    mount.fault = () => undefined;
    await wait(31_000);
    assert.deepEqual(reasons.slice(1), [
      ["waiting", "http", 502],
      ["live", undefined, undefined],
    ]);
    bus.close();
  });

  it("is told to all tabs that share a connection", async () => {
    const mount = new FakeMount();
    const lab = new Lab(mount);
    mount.fault = () => refuse(503, "store");
    const tabs = [lab.open(), lab.open()];
    const reasons: unknown[] = [];
    for (const { bus } of tabs) {
      bus.on("status", (_, reason) => {
        assert.ok(reason instanceof ClientError);
        reasons.push([reason.code, reason.status, reason.message]);
      });
    }
    await wait(3_000);
    assert.equal(reasons.length, 2);
    assert.deepEqual(reasons[1], reasons[0]);
    for (const { bus } of tabs) bus.close();
  });
});

describe("a client without channels", () => {
  it.each(["auto", "poll"] as const)("is idle when the server adds none, until one is added: %s", async (transport) => {
    const { bus, mount, statuses } = start({ channels: [], transport, last: 100 });
    await wait(60_000);
    assert.deepEqual([bus.status, mount.asked.length], ["idle", 1]);
    bus.addChannel("a");
    await wait();
    assert.deepEqual(statuses, ["idle", "live"]);
    bus.close();
  });

  it("is live where the server adds some", async () => {
    const mount = new FakeMount();
    mount.added = ["news"];
    const { bus, ids } = start({ channels: [] }, mount);
    await wait();
    mount.send("news");
    await wait();
    assert.deepEqual([bus.status, ids], ["live", [101]]);
    bus.close();
  });
});

describe("clocks", () => {
  it("that are set back prolong no pause and no polling", async () => {
    const { bus, mount } = start({ last: 100 });
    mount.fault = (asked) => (asked.startsWith("GET events") ? new Response("", { status: 431 }) : undefined);
    await wait();
    vi.setSystemTime(Date.now() - 3_600_000);
    const before = mount.asked.filter((asked) => asked.startsWith("GET events")).length;
    await wait(60_000);
    assert.ok(mount.asked.filter((asked) => asked.startsWith("GET events")).length > before);
    mount.fault = () => refuse(503, "store");
    bus.addChannel("b");
    await wait();
    vi.setSystemTime(Date.now() - 3_600_000);
    mount.fault = () => undefined;
    await wait(10_000);
    assert.equal(bus.status, "live");
    bus.close();
  });

  /** A window that tells of its network, as a browser's does. */
  function stubWindow(): EventTarget {
    const window = new EventTarget();
    vi.stubGlobal("addEventListener", window.addEventListener.bind(window));
    return window;
  }

  it("do not hold online up: it ends a pause, a connection and polling, but for what the server asked", async () => {
    const window = stubWindow();
    const { bus, mount } = start({ last: 100 });
    await wait(1_000);
    window.dispatchEvent(new Event("online"));
    await wait();
    assert.equal(mount.asked.length, 2);
    mount.fault = (asked) => (asked.startsWith("GET events") ? new Response("", { status: 431 }) : undefined);
    mount.cut();
    await wait(2_000);
    assert.equal(mount.asked.at(-1)?.startsWith("GET poll"), true);
    mount.fault = () => undefined;
    window.dispatchEvent(new Event("online"));
    await wait();
    assert.equal(mount.asked.at(-1)?.startsWith("GET events"), true);
    mount.fault = () => refuse(503, "store", { "Retry-After": "5" });
    window.dispatchEvent(new Event("online"));
    await wait();
    const { length } = mount.asked;
    window.dispatchEvent(new Event("online"));
    await wait(4_999);
    assert.equal(mount.asked.length, length);
    await wait(1);
    assert.equal(mount.asked.length, length + 1);
    bus.close();
  });

  it.each([
    ["passes by both clocks", () => wait(16_000)],
    ["passes by the wall clock alone, as in sleep", async () => void vi.setSystemTime(Date.now() + 16_000)],
  ])("open anew what is visible again when a heartbeat %s without a word, and not before", async (_, pass) => {
    const window = stubWindow();
    const { bus, mount } = start();
    await wait(10_000);
    window.dispatchEvent(new Event("visibilitychange"));
    await wait();
    assert.equal(mount.asked.length, 1);
    mount.heartbeat();
    await wait();
    await pass();
    window.dispatchEvent(new Event("visibilitychange"));
    await wait();
    assert.deepEqual([mount.asked.length, mount.streams], [2, 1]);
    bus.close();
  });

  it("spread what the server asked for: no two come back at once", async () => {
    const times = new Set<number>();
    const clients = Array.from({ length: 20 }, () => {
      const one = start();
      one.mount.fault = () => refuse(503, "closed", { "Retry-After": "5" });
      return one;
    });
    await wait();
    for (const { mount } of clients) {
      mount.fault = () => {
        times.add(Math.round(performance.now() / 20));
        return undefined;
      };
    }
    await wait(4_900); // less than 5 s since the first refusal
    assert.equal(times.size, 0);
    await wait(1_100);
    assert.ok(times.size > 5, `${times.size}`);
    for (const { bus } of clients) bus.close();
  });
});
