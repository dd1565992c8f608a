import assert from "node:assert/strict";
import type { ClientError } from "nightbus/client";
import { queueOf } from "nightbus/client/queue";
import { describe, it, onTestFinished, vi } from "vitest";
import { type FakeMount, refuse } from "./mount.ts";
import { FakeStorage, heard } from "./queue-bed.ts";
import { start, useFakeTime, wait } from "./start.ts";

const MINUTE = 60_000;

useFakeTime();

/** A client that is live, with the queue before it. */
async function live(options: Parameters<typeof heard>[1] = {}) {
  const client = start();
  onTestFinished(() => client.bus.close());
  await wait();
  return { ...client, ...heard(client.bus, options) };
}

function sends({ asked }: FakeMount): readonly string[] {
  return asked.filter((one) => one.startsWith("POST send"));
}

/** The outcome of a send, in a word. */
function outcome(sending: Promise<unknown>): { now: unknown } {
  const told: { now: unknown } = { now: "waits" };
  sending.then(
    (ids) => {
      told.now = ids;
    },
    ({ code }: ClientError) => {
      told.now = code;
    },
  );
  return told;
}

/** Takes the network away, until the returned function is called. */
function offline(): () => Promise<void> {
  const page = new EventTarget();
  const navigator = { onLine: false };
  vi.stubGlobal("navigator", navigator);
  vi.stubGlobal("addEventListener", page.addEventListener.bind(page));
  return async () => {
    navigator.onLine = true;
    page.dispatchEvent(new Event("online"));
    await wait();
  };
}

describe("a queue of sends", () => {
  it("sends in order, each with a key of its own, and answers the ids", async () => {
    const { queue, mount, sent } = await live();
    const ids = [
      queue.sendone("a", 1),
      queue.sendmany([
        ["a", 2],
        ["b", { text: "é" }],
      ]),
      queue.sendone("a", 4),
    ];
    assert.equal(queue.waiting, 3);
    await wait();
    assert.deepEqual(await Promise.all(ids), [101, [102, 103], 104]);
    assert.deepEqual(mount.messages, [1, 2, { text: "é" }, 4]);
    const keys = mount.headers.map((one) => one.get("Idempotency-Key")).filter((key) => key !== null);
    assert.equal(new Set(keys).size, 3);
    assert.deepEqual(
      sent.map(({ key, ids }) => [key, ids]),
      [
        [keys[0], [101]],
        [keys[1], [102, 103]],
        [keys[2], [104]],
      ],
    );
    assert.equal(queue.waiting, 0);
    assert.deepEqual(await queue.sendmany([]), []);
  });

  it("waits without a try while the browser is offline, and goes on when the network is back", async () => {
    const back = offline();
    const { queue, mount } = await live();
    const told = outcome(queue.sendone("a", 1));
    await wait(60 * MINUTE);
    assert.deepEqual([told.now, sends(mount)], ["waits", []]);
    await back();
    assert.equal(told.now, 101);
  });

  it("waits without a try while the client is not connected", async () => {
    const { queue, mount, bus } = await live();
    mount.fault = () => Promise.reject(new TypeError("network error"));
    mount.cut();
    await wait();
    assert.equal(bus.status, "waiting");
    const told = outcome(queue.sendone("a", 1));
    await wait(60 * MINUTE);
    assert.deepEqual([told.now, sends(mount)], ["waits", []]);
    mount.fault = () => undefined;
    await wait(MINUTE);
    assert.equal(told.now, 101);
  });

  it("sends through a client that reads no channel", async () => {
    const client = start({ channels: [] });
    onTestFinished(() => client.bus.close());
    await wait();
    assert.equal(client.bus.status, "idle");
    const told = outcome(heard(client.bus).queue.sendone("a", 1));
    await wait();
    assert.equal(told.now, 101);
  });

  it("commits once a send whose answers are lost, and what is behind it afterwards", async () => {
    const { queue, mount, givenUp } = await live();
    mount.loses = () => sends(mount).length <= 3;
    const told = [outcome(queue.sendone("a", 1)), outcome(queue.sendone("a", 2))];
    await wait(MINUTE);
    assert.deepEqual(
      told.map(({ now }) => now),
      [101, 102],
    );
    assert.deepEqual([mount.messages, sends(mount).length, givenUp], [[1, 2], 5, []]);
  });

  it("ends the wait for an answer that does not come", async () => {
    const { queue, mount } = await live();
    mount.delay = () => (sends(mount).length === 1 ? new Promise(() => {}) : Promise.resolve());
    const told = outcome(queue.sendone("a", 1));
    await wait(29_999);
    assert.equal(told.now, "waits");
    await wait(1_000);
    assert.equal(told.now, 101);
  });

  it("gives a send up that is refused, with the server's error, and goes on with the next", async () => {
    const { queue, mount, givenUp } = await live();
    mount.fault = (asked) => (asked.includes('"bad"') ? refuse(422, "bad_message") : undefined);
    const told = [outcome(queue.sendone("a", "bad")), outcome(queue.sendone("a", "good"))];
    await wait();
    assert.deepEqual(
      told.map(({ now }) => now),
      ["bad_message", 101],
    );
    const [{ reason, mayBeCommitted, error, entries }] = givenUp as [(typeof givenUp)[0]];
    assert.deepEqual([reason, mayBeCommitted, error.status, entries], ["refused", false, 422, [["a", "bad"]]]);
    assert.equal(givenUp.length, 1);
  });

  it.each([
    ["a session that has ended", 401, "refused"],
    ["a mount that is full", 503, "busy"],
    ["a hook without an answer", 503, "hook_timeout"],
  ])("tries again after %s, at any age", async (_, status, code) => {
    const { queue, mount, givenUp } = await live();
    mount.fault = (asked) => (asked.includes("send") ? refuse(status, code) : undefined);
    const told = outcome(queue.sendone("a", 1));
    await wait(30 * MINUTE);
    assert.equal(told.now, "waits");
    mount.fault = () => undefined;
    await wait(MINUTE);
    assert.deepEqual([told.now, givenUp], [101, []]);
  });

  it("gives up what was tried too long ago, never sends it again, and goes on", async () => {
    const { queue, mount, givenUp } = await live();
    mount.fault = (asked) => (asked.includes('"old"') ? refuse(503, "store") : undefined);
    const told = [outcome(queue.sendone("a", "old")), outcome(queue.sendone("a", "new"))];
    await wait(9 * MINUTE);
    assert.deepEqual(
      told.map(({ now }) => now),
      ["waits", "waits"],
    );
    await wait(2 * MINUTE);
    assert.deepEqual(
      told.map(({ now }) => now),
      ["unknown", 101],
    );
    const tried = sends(mount).length;
    await wait(60 * MINUTE);
    assert.equal(sends(mount).length, tried);
    assert.deepEqual(
      givenUp.map(({ reason, mayBeCommitted }) => [reason, mayBeCommitted]),
      [["unknown", true]],
    );
  });

  it("makes its last try within the window, so that the server still knows the key", async () => {
    const { queue, mount } = await live({ window: 2 * MINUTE });
    mount.window = 2 * MINUTE;
    const first = Date.now();
    const times: number[] = [];
    mount.loses = () => times.push(Date.now() - first) > 0;
    const told = outcome(queue.sendone("a", 1));
    await wait(10 * MINUTE);
    assert.deepEqual([told.now, mount.messages], ["unknown", [1]]);
    assert.ok(times.at(-1)! <= 1.5 * MINUTE, `${times.at(-1)}`);
  });

  it("counts by the clock that passed more, also if the wall clock is set back while the page is open", async () => {
    const { queue, mount } = await live();
    mount.fault = (asked) => (asked.includes("send") ? refuse(503, "store") : undefined);
    const told = outcome(queue.sendone("a", 1));
    await wait(5 * MINUTE);
    vi.setSystemTime(Date.now() - 60 * MINUTE);
    await wait(6 * MINUTE);
    assert.equal(told.now, "unknown");
  });
});

describe("the bounds of a queue", () => {
  it("refuse a send more than count, and text beyond bytes", async () => {
    offline();
    const { queue } = await live({ count: 2, bytes: 1_000 });
    const told = [1, "x".repeat(950), 2, 3].map((message) => outcome(queue.sendone("a", message)));
    await wait();
    assert.deepEqual(
      told.map(({ now }) => now),
      ["waits", "full", "waits", "full"],
    );
    assert.equal(queue.waiting, 2);
  });

  it.each([
    ["a name that is none", ["", 1]],
    ["a tuple", [["a", 7], 1]],
    ["a message that is no JSON", ["a", undefined]],
    ["a cycle", ["a", cycle()]],
    ["a pair that is none", ["a"]],
  ])("refuse %s at the call", async (_, entry) => {
    const { queue, mount } = await live();
    await assert.rejects(queue.sendmany([["a", 1], entry as never]), { code: "bad_argument", name: "ClientError" });
    assert.deepEqual(sends(mount), []);
  });

  it.each([
    [{}, /onGivenUp must be a function/],
    [{ onGivenUp() {}, storge: 1 }, /storge/],
    [{ onGivenUp() {}, storage: new FakeStorage() }, /must have a name/],
    [{ onGivenUp() {}, window: 59_999 }, /window/],
    [{ onGivenUp() {}, count: 0 }, /count/],
    [{ onGivenUp() {}, bytes: Number.NaN }, /bytes/],
    [{ onGivenUp() {}, name: "\ud800" }, /name/],
  ])("refuse the options %j", async (options, sentence) => {
    const { bus } = await live();
    assert.throws(() => queueOf(bus, options as never), sentence);
  });
});

describe("the end of a queue", () => {
  it("gives up what waits in memory, and takes no more", async () => {
    offline();
    const { queue, givenUp } = await live();
    const told = outcome(queue.sendone("a", 1));
    queue.close();
    queue.close();
    await wait();
    assert.equal(told.now, "closed");
    assert.deepEqual(
      givenUp.map(({ reason, mayBeCommitted }) => [reason, mayBeCommitted]),
      [["closed", false]],
    );
    await assert.rejects(queue.sendone("a", 2), { code: "closed" });
  });

  it("comes with the end of its client, and leaves in the storage what waits there", async () => {
    offline();
    const storage = new FakeStorage();
    const { queue, givenUp, bus } = await live({ storage, name: "ann" });
    const told = outcome(queue.sendone("a", 1));
    bus.close();
    await wait();
    assert.deepEqual([told.now, givenUp, storage.length], ["closed", [], 1]);
  });

  it("says that a send under way may be committed", async () => {
    const { queue, mount, givenUp } = await live();
    mount.delay = () => new Promise(() => {});
    outcome(queue.sendone("a", 1));
    await wait();
    queue.close();
    assert.deepEqual(
      givenUp.map(({ mayBeCommitted }) => mayBeCommitted),
      [true],
    );
  });
});

describe("a callback that throws", () => {
  it("stops no send, and is told to onError", async () => {
    const { queue, errors } = await live({
      onSent: () => {
        throw new Error("mine");
      },
    });
    const told = [outcome(queue.sendone("a", 1)), outcome(queue.sendone("a", 2))];
    await wait();
    assert.deepEqual(
      [told.map(({ now }) => now), errors],
      [
        [101, 102],
        ["thrown", "thrown"],
      ],
    );
  });
});

function cycle(): unknown {
  const list: unknown[] = [];
  list.push(list);
  return list;
}
