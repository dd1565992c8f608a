import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it, vi } from "vitest";
import { Lab, type TabOfLab } from "./lab.ts";
import { FakeMount, refuse } from "./mount.ts";
import { play, STEP } from "./play.ts";
import { useFakeTime } from "./start.ts";

useFakeTime();

async function wait(ms = 1): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

function close(...tabs: readonly TabOfLab[]): void {
  for (const { bus } of tabs) bus.close();
}

describe("tabs that share a connection", () => {
  it("have the position of their connection before they hear that it is live", async () => {
    const mount = new FakeMount();
    const lab = new Lab(mount);
    const one = lab.open();
    await wait(10);
    const two = lab.open({ channels: [] });
    const positions: unknown[] = [];
    two.bus.on("status", (status) => positions.push(status === "live" ? two.bus.last : status));
    await wait(10);
    assert.deepEqual(positions, [100]);
    close(one, two);
  });

  it("have one stream, for the channels of them all", async () => {
    const mount = new FakeMount();
    const lab = new Lab(mount);
    const [one, two, three] = [lab.open(), lab.open({ channels: ["a", "b"] }), lab.open({ channels: ["c"] })];
    await wait(10);
    assert.equal(mount.streams, 1);
    assert.deepEqual([one.bus.status, two.bus.status, three.bus.status], ["live", "live", "live"]);
    mount.send("a", "b", "c", "d");
    await wait(10);
    assert.deepEqual([one.ids, two.ids, three.ids], [[101], [101, 102], [103]]);
    mount.heartbeat();
    await wait(10);
    assert.deepEqual([one.bus.last, two.bus.last, three.bus.last], [104, 104, 104]);
    assert.deepEqual([...two.asked, ...three.asked], []);
    close(one, two, three);
    assert.equal(mount.streams, 0);
  });

  it("get the tuples that the server added", async () => {
    const mount = new FakeMount();
    mount.added = [["user", 7]];
    const lab = new Lab(mount);
    const [one, two] = [lab.open(), lab.open({ channels: [] })];
    await wait(10);
    mount.send(["user", 7], "a");
    await wait(10);
    assert.deepEqual([one.channels, two.channels], [[["user", 7], "a"], [["user", 7]]]);
    close(one, two);
  });

  it("go on when the leader closes, from where they stood", async () => {
    const mount = new FakeMount();
    const lab = new Lab(mount);
    const [one, two, three] = [lab.open(), lab.open(), lab.open()];
    await wait(10);
    mount.send("a");
    await wait(10);
    one.bus.close();
    mount.send("a");
    await wait(10);
    assert.deepEqual([one.ids, two.ids, three.ids], [[101], [101, 102], [101, 102]]);
    assert.equal(mount.streams, 1);
    close(two, three);
  });

  it("go on when the leader crashes, and forget its channels", async () => {
    const mount = new FakeMount();
    const lab = new Lab(mount);
    const [one, two] = [lab.open({ channels: ["a", "b"] }), lab.open()];
    await wait(10);
    one.crash();
    mount.send("a");
    await wait(10);
    assert.deepEqual(two.ids, [101]);
    mount.cut();
    await wait(1_000);
    assert.equal(two.asked.at(-1), "GET events?channels=a&last=101 ");
    close(two);
  });

  it("take the lock from a leader that is suspended, which follows when it wakes", async () => {
    const mount = new FakeMount();
    const lab = new Lab(mount);
    const [one, two] = [lab.open(), lab.open()];
    await wait(10);
    one.freeze();
    mount.send("a");
    await wait(37_000);
    assert.deepEqual(two.ids, []);
    await wait(2_000);
    assert.deepEqual([one.ids, two.ids], [[], [101]]);
    one.thaw();
    await wait(10);
    mount.send("a");
    await wait(10);
    assert.deepEqual(
      [one.ids, two.ids],
      [
        [101, 102],
        [101, 102],
      ],
    );
    assert.equal(mount.streams, 1);
    close(one, two);
  });

  it("leave the lock with a leader from which something comes", async () => {
    const mount = new FakeMount();
    const lab = new Lab(mount);
    const [one, two] = [lab.open(), lab.open()];
    for (let passed = 0; passed < 200_000; passed += 15_000) {
      await wait(15_000);
      mount.heartbeat();
    }
    assert.equal(two.asked.length, 0);
    close(one, two);
  });

  it("read what one adds later from where it stands, and nobody loses anything", async () => {
    const mount = new FakeMount();
    const lab = new Lab(mount, () => 5);
    const [one, two] = [lab.open(), lab.open()];
    await wait(30);
    mount.send("b");
    mount.send("a");
    await wait(1);
    // The leader has heard of both; the other tab stands before them.
    two.bus.addChannel("b");
    await wait(100);
    mount.send("b");
    await wait(100);
    assert.deepEqual([one.ids, two.ids], [[102], [101, 102, 103]]);
    close(one, two);
  });

  it("catch up by themselves when they come with an older last, page by page", async () => {
    const mount = new FakeMount();
    const lab = new Lab(mount, () => 5);
    for (let sent = 0; sent < 10; sent += 1) mount.send("a", "b");
    const one = lab.open();
    await wait(30);
    const two = lab.open({ last: 100 });
    mount.delay = () => new Promise((resolve) => setTimeout(resolve, 20));
    await wait(15);
    mount.send("a");
    await wait(300);
    mount.send("a");
    await wait(300);
    assert.deepEqual(one.ids, [121, 122]);
    assert.deepEqual(two.ids, [101, 103, 105, 107, 109, 111, 113, 115, 117, 119, 121, 122]);
    close(one, two);
  });

  it.each([50, 0])(
    "ask the server when they come with a last beyond a log that ends at %s, and are told",
    async (last) => {
      const mount = new FakeMount();
      mount.last = last;
      const lab = new Lab(mount);
      const one = lab.open();
      await wait(10);
      const faults = [refuse(503, "store"), refuse(503, "store")]; // the server may be away for a moment
      mount.fault = () => faults.shift();
      const two = lab.open({ last: 900 });
      await wait(5_000);
      mount.send("a");
      await wait(1_000);
      assert.deepEqual([two.gaps, two.ids, two.bus.last], [[900], [last + 1], last + 1]);
      assert.deepEqual([one.gaps, one.ids], [[], [last + 1]]);
      close(one, two);
    },
  );

  it("lose nothing of a channel that one adds while it catches up and that the connection reads already", async () => {
    const mount = new FakeMount();
    const lab = new Lab(mount, () => 5);
    const one = lab.open({ channels: ["a", "b"] });
    await wait(30);
    mount.send("a", "b");
    await wait(30);
    mount.delay = () => new Promise((resolve) => setTimeout(resolve, 20));
    const two = lab.open({ last: 100 });
    await wait(25); // its poll is under way, and comes before the leader answers
    two.bus.addChannel("b");
    await wait(100);
    assert.deepEqual(two.ids, [101, 102]);
    close(one, two);
  });

  it("are told of what they alone have missed", async () => {
    const mount = new FakeMount();
    const lab = new Lab(mount);
    mount.send("a", "a", "a");
    mount.trim(102);
    const one = lab.open();
    await wait(10);
    const two = lab.open({ last: 99 });
    await wait(10);
    assert.deepEqual([one.gaps, two.gaps], [[], [99]]);
    assert.deepEqual([one.ids, two.ids], [[], [103]]);
    close(one, two);
  });

  it("are all told of what their connection has missed, but for those who stood beyond it", async () => {
    const mount = new FakeMount();
    const lab = new Lab(mount);
    const [one, two, three] = [lab.open({ last: 100 }), lab.open({ last: 100 }), lab.open({ last: 102 })];
    mount.send("a", "a", "a");
    mount.trim(102);
    mount.fault = () => Promise.reject(new TypeError("no network"));
    await wait(10);
    mount.fault = () => undefined;
    await wait(1_000);
    assert.deepEqual([one.gaps, two.gaps, three.gaps], [[100], [100], []]);
    assert.deepEqual([one.ids, two.ids, three.ids], [[103], [103], [103]]);
    close(one, two, three);
  });

  it("leave the leader alone that waits as long as the server wishes", async () => {
    const mount = new FakeMount();
    const lab = new Lab(mount);
    mount.fault = () => refuse(503, "busy", { "Retry-After": "100" });
    const tabs = [lab.open(), lab.open({ channels: ["b"] })];
    await wait(50_000);
    tabs.push(lab.open({ channels: ["c"] }));
    tabs[0]!.bus.addChannel("d");
    await wait(49_000);
    assert.equal(mount.asked.length, 1);
    mount.fault = () => undefined;
    await wait(2_000);
    assert.deepEqual(mount.asked.slice(1), ["GET events?channels=a&channels=b&channels=c&channels=d"]);
    assert.deepEqual(
      tabs.map(({ bus }) => bus.status),
      ["live", "live", "live"],
    );
    close(...tabs);
  });

  it("are refused alone for a channel that the others did not ask for", async () => {
    const mount = new FakeMount();
    const lab = new Lab(mount);
    mount.fault = async (asked) => (asked.includes("secret") ? refuse(403, "refused") : undefined);
    const [one, two, three] = [lab.open(), lab.open({ channels: ["b"] }), lab.open()];
    await wait(10);
    two.bus.addChannel("secret");
    await wait(10);
    assert.deepEqual([one.errors, two.errors, three.errors], [[], ["refused"], []]);
    mount.send("a");
    await wait(1_000);
    assert.deepEqual([one.ids, two.ids, three.ids], [[101], [], [101]]);
    close(one, two, three);
  });

  it("get the names that the server added, though another tab asked for other channels", async () => {
    const mount = new FakeMount();
    mount.added = ["news"];
    const lab = new Lab(mount);
    const [one, two] = [lab.open(), lab.open({ channels: ["b"] })];
    await wait(10);
    mount.send("news", "a", "b");
    await wait(10);
    assert.deepEqual(
      [one.channels, two.channels],
      [
        ["news", "a"],
        ["news", "b"],
      ],
    );
    close(one, two);
  });

  it("leave on pagehide and join again on pageshow", async () => {
    const mount = new FakeMount();
    const lab = new Lab(mount);
    const [one, two] = [lab.open(), lab.open()];
    await wait(10);
    one.window.dispatchEvent(new Event("pagehide"));
    mount.send("a");
    await wait(10);
    assert.equal(mount.streams, 1);
    assert.deepEqual([one.ids, two.ids], [[], [101]]);
    one.window.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
    await wait(10);
    assert.deepEqual(one.ids, [101]);
    close(one, two);
  });

  it("ask each for itself when the server refuses", async () => {
    const mount = new FakeMount();
    const lab = new Lab(mount);
    mount.fault = async () => Response.json({}, { status: 401 });
    const [one, two] = [lab.open(), lab.open()];
    await wait(10);
    assert.deepEqual([one.errors, two.errors], [["http"], ["http"]]);
    assert.deepEqual([one.bus.status, two.bus.status], ["closed", "closed"]);
    assert.equal(mount.asked.length, 2);
  });

  it("get exactly what is sent on their channels from their start, or are told of what was trimmed", {
    timeout: 120_000,
  }, async () => {
    const steps = fc.array(STEP, { minLength: 5, maxLength: 40 });
    await fc.assert(fc.asyncProperty(steps, fc.infiniteStream(fc.nat(40)), play), { numRuns: 1_000 });
  });
});
