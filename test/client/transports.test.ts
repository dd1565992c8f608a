import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { FakeMount, refuse } from "./mount.ts";
import { start, useFakeTime, wait } from "./start.ts";

useFakeTime();

const forever = (): Promise<never> => new Promise(() => {});

describe("the choice of transports", () => {
  it("falls back to polling when no byte comes within 3 s, looks again soon, and less often each time", async () => {
    const { mount, bus, ids } = start();
    mount.fault = (asked) => (asked.startsWith("GET events") ? forever() : undefined);
    await wait(2_999);
    assert.deepEqual(mount.asked, ["GET events?channels=a"]);
    await wait(1);
    assert.deepEqual(mount.asked.slice(1, 3), ["HEAD events?channels=a", "GET poll?channels=a&last=100&timeout=0"]);
    assert.equal(bus.status, "live");
    mount.send("a");
    await wait();
    assert.deepEqual(ids, [101]);
    const times: number[] = [];
    const from = Date.now();
    mount.fault = (asked) => {
      if (!asked.startsWith("GET events")) return undefined;
      times.push(Date.now() - from);
      return forever();
    };
    await wait(1_200_000);
    const between = times.map((time, index) => time - (times[index - 1] ?? 0));
    assert.ok(between[0]! < 40_000, `${between}`);
    assert.ok(between[1]! > between[0]! && between[2]! > between[1]!, `${between}`);
    assert.ok(Math.max(...between) < 330_000, `${between}`);
    bus.close();
  });

  it("falls back when three streams break in quick succession, and not for three that lasted", async () => {
    const { mount, bus } = start({ last: 100 });
    for (const _ of [1, 2, 3, 4]) {
      await wait(11_000);
      mount.cut();
    }
    await wait(1_000);
    assert.equal(
      mount.asked.some((asked) => asked.startsWith("GET poll")),
      false,
    );
    for (const _ of [1, 2, 3]) {
      await wait(2_000);
      mount.cut();
    }
    await wait();
    assert.equal(mount.asked.at(-1)?.startsWith("GET poll"), true);
    bus.close();
  });

  it("polls from the newest id, also where HEAD is refused", async () => {
    const { mount, bus, ids } = start({ transport: "poll" });
    mount.send("a", "a", "a", "a");
    mount.fault = (asked) => (asked.startsWith("HEAD") ? refuse(405, "bad_method") : undefined);
    await wait();
    mount.send("a");
    await wait();
    assert.deepEqual(ids, [105]);
    bus.close();
  });

  it("leaves the rest of an answer to the next one when a listener adds a channel in the middle of it", async () => {
    const { mount, bus, ids } = start({ transport: "poll", last: 100 });
    mount.send("a", "b", "a");
    const off = bus.on("notification", () => {
      off();
      bus.addChannel("b");
    });
    await wait();
    assert.deepEqual(ids, [101, 102, 103]);
    bus.close();
  });

  it("pauses after a poll that should have waited and did not, and hears at once of what a poll waits for", async () => {
    const { mount, bus, ids, statuses } = start({ transport: "poll", last: 100 });
    mount.fault = (asked) => {
      const { last } = mount;
      return asked.includes("last=100") ? Response.json({ notifications: [], last, missed: false }) : undefined;
    };
    await wait(10_000);
    const { length } = mount.asked;
    assert.ok(length >= 8 && length <= 13, `${length} polls in 10 s`);
    mount.send("a");
    mount.fault = () => undefined;
    await wait(1_250); // the longest pause between two such polls
    for (const id of [102, 103]) {
      mount.send("a");
      await wait();
      assert.equal(ids.at(-1), id);
    }
    assert.deepEqual(statuses, ["live"]);
    bus.close();
  });

  it("takes a poll for broken that is 10 s late", async () => {
    const { mount, bus, statuses } = start({ transport: "poll", last: 100 });
    await wait();
    mount.fault = forever;
    await wait(22_500 + 22_500 + 9_999);
    assert.deepEqual(statuses, ["live"]);
    await wait(1);
    assert.deepEqual(statuses, ["live", "waiting"]);
    bus.close();
  });

  it.each<[string, () => Response | Promise<Response>]>([
    ["431", () => new Response("", { status: 431 })],
    ["414 of a proxy", () => new Response("<html>", { status: 414 })],
    ["502", () => new Response("<html>", { status: 502 })],
    ["a reset", () => Promise.reject(new TypeError("ECONNRESET"))],
    ["a page", () => new Response("<html>\n\n</html>", { headers: { "Content-Type": "text/html" } })],
    ["nothing", () => new Response(null, { status: 204 })],
    ["a response without a body", () => Object.defineProperty(new Response(""), "body", { value: undefined })],
    ["a stream that ends at once", () => new Response("retry: 0\n\n")],
  ])("falls back when a stream is answered by %s, and goes on polling", async (_, answer) => {
    const { mount, bus, ids, statuses } = start({ last: 100 });
    mount.fault = (asked) => (asked.startsWith("GET events") ? answer() : undefined);
    await wait(10_000);
    assert.equal(bus.status, "live");
    mount.send("a");
    await wait(100_000);
    mount.send("a");
    await wait();
    assert.deepEqual([ids, statuses.at(-1)], [[101, 102], "live"]);
    const streams = mount.asked.filter((asked) => asked.startsWith("GET events"));
    assert.ok(streams.length <= 3, `${streams.length}`);
    bus.close();
  });

  it.each([
    ["the mount's own errors", () => refuse(500, "internal")],
    ["an answer that says when to come back", () => new Response("", { status: 502, headers: { "Retry-After": "1" } })],
  ])("does not fall back for %s", async (_, answer) => {
    const { mount, bus } = start({ last: 100 });
    mount.fault = answer;
    await wait(60_000);
    assert.deepEqual([...new Set(mount.asked)], ["GET events?channels=a&last=100"]);
    bus.close();
  });

  it("leaves a stream of comments alone, and one that never stops and is none", async () => {
    const { mount, bus, statuses } = start({ last: 100 });
    mount.says = undefined;
    const encoder = new TextEncoder();
    mount.fault = (asked) => {
      if (!asked.startsWith("GET events")) return undefined;
      let timer: ReturnType<typeof setInterval>;
      const start = (controller: ReadableStreamDefaultController): void => {
        timer = setInterval(() => controller.enqueue(encoder.encode(":\n\n")), 500);
      };
      return new Response(new ReadableStream({ start, cancel: () => clearInterval(timer) }));
    };
    await wait(4_000);
    assert.deepEqual(statuses, ["live"]);
    assert.equal(mount.asked.at(-1)?.startsWith("GET poll"), true);
    bus.close();
  });

  it("pauses between answers that each tell of a gap, as between failures", async () => {
    const mounts = [new FakeMount(), new FakeMount()];
    mounts[1]!.last = 1_000_000;
    for (const mount of mounts) mount.trim(mount.send("a")[0]!);
    let turn = 0;
    const fetch: FakeMount["fetch"] = (url, init) => mounts[turn++ % 2]!.fetch(url, init);
    const { bus, gaps } = start({ transport: "poll", last: 50, fetch });
    await wait(5_000);
    assert.ok(turn < 12 && gaps.length < 12, `${turn} requests, ${gaps.length} gaps in 5 s`);
    bus.close();
  });
});
