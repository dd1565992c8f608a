import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { Bus, type BusOptions, type Diagnostics } from "nightbus";
import { mount } from "nightbus/fetch";
import { sqlite } from "nightbus/sqlite";
import { describe, it, onTestFinished } from "vitest";
import { turns, until } from "../../src/testing/conformance/bus/topic.ts";
import { temporaryFiles } from "../stores/files.ts";
import { StoreDouble, storeError } from "../support/doubles.ts";

const newPath = temporaryFiles();

type Name = keyof Diagnostics;
const NAMES = ["send", "commit", "wake", "poll", "stream", "trim", "error"].map((name) => `nightbus:${name}` as Name);

/** A bus that ends with the test, and what is published of it, without itself and what is of the machine's speed. */
function observed(options: BusOptions = {}): { readonly bus: Bus; readonly told: unknown[] } {
  const bus = new Bus(options);
  const told: unknown[] = [];
  for (const name of NAMES) {
    const listener = (message: unknown): void => {
      const { bus: on, ms, ...rest } = message as { readonly bus: Bus; readonly ms?: number };
      if (ms !== undefined) assert.ok(ms >= 0);
      if (on === bus) told.push([name.replace("nightbus:", ""), rest]);
    };
    subscribe(name, listener);
    onTestFinished(() => void unsubscribe(name, listener));
  }
  onTestFinished(() => bus.close());
  return { bus, told };
}

describe("what is published on diagnostics channels", () => {
  it("is each send, commit, poll and wake-up, with how much it was", async () => {
    const { bus, told } = observed();
    const first = bus.sendone("a", 1);
    const second = bus.sendmany([
      ["a", 2],
      ["b", 3],
    ]);
    await Promise.all([first, second]);
    await bus.poll(["a", "b"], 0, 0, { limit: 1 });
    const parked = bus.poll(["b"], bus.last, 1_000);
    await turns();
    await bus.sendone("b", 4);
    await parked;
    assert.deepEqual(told, [
      ["send", { rows: 1 }],
      ["send", { rows: 2 }],
      ["commit", { sends: 2, rows: 3 }],
      ["poll", { channels: 2, rows: 1, missed: false, parked: false }],
      ["poll", { channels: 1, rows: 0, missed: false, parked: true }],
      ["send", { rows: 1 }],
      ["wake", { polls: 1, streams: 0 }],
      ["commit", { sends: 1, rows: 1 }],
    ]);
  });

  it("is no commit of a send whose key was known", async () => {
    for (const store of [undefined, sqlite(newPath())]) {
      const { bus, told } = observed(store && { store });
      const key = { key: "k" };
      const ids = await Promise.all([bus.sendone("a", 1, key), bus.sendone("a", 1, key), bus.sendone("a", 2)]);
      assert.equal(await bus.sendone("a", 1, key), ids[0]);
      await assert.rejects(bus.sendone("a", 9, key), { code: "bad_key" });
      assert.deepEqual(only(told, "commit"), [["commit", { sends: 2, rows: 2 }]]);
      const { sends, commits } = bus.stats();
      assert.deepEqual([sends, commits], [2, 1]);
    }
  });

  it("is what was trimmed, and that a poll has missed it", async () => {
    const { bus, told } = observed({ retention: { count: 1 } });
    const id = await bus.sendone("a", 1);
    await bus.sendmany([
      ["a", 2],
      ["a", 3],
    ]);
    await turns();
    await bus.poll(["a"], id, 0);
    assert.deepEqual(only(told, "trim"), [["trim", { rows: 2 }]]);
    assert.deepEqual(only(told, "poll"), [["poll", { channels: 1, rows: 1, missed: true, parked: false }]]);
  });

  it("is each poll and stream over HTTP, and whom a commit woke", async () => {
    const { bus, told } = observed();
    const handler = mount(bus);
    const get = (path: string): Promise<Response> => Promise.resolve(handler(new Request(`http://x/${path}`)));
    await get("poll?channels=a&timeout=0");
    const poll = get("poll?channels=a");
    const stream = await get("events?channels=a");
    const body = stream.body!.getReader();
    await body.read();
    await until(() => bus.stats().streams === 1 && bus.waiting === 1, "they wait");
    await bus.sendone("a", 1);
    await poll;
    await body.cancel();
    await until(() => bus.stats().streams === 0, "it has ended");
    assert.deepEqual(only(told, "poll", "stream", "wake"), [
      ["poll", { channels: 1, rows: 0, missed: false, parked: false }],
      ["poll", { channels: 1, rows: 0, missed: false, parked: true }],
      ["stream", { change: 1, streams: 1 }],
      ["wake", { polls: 1, streams: 1 }],
      ["stream", { change: -1, streams: 0 }],
    ]);
  });

  it("is what a send was rejected with, what failed in the background, and what a listener threw", async () => {
    const store = new StoreDouble();
    const { bus, told } = observed({ store });
    bus.on("error", () => {});
    store.committing = () => Promise.reject(storeError(true));
    await assert.rejects(bus.sendone("a", 1));
    store.sink.error(storeError(false));
    store.committing = () => {};
    bus.on("notification", () => {
      throw new Error("thrown by a listener");
    });
    await bus.sendone("a", 2);
    const errors = only(told, "error").map(([, { error }]) => (error as Error).message);
    assert.deepEqual(errors, ["the disk is full", "the answer was lost", "thrown by a listener"]);
  });
});

describe("what stats() says", () => {
  it("is what the bus holds, and what it has done since it was made", async () => {
    const { bus } = observed({ retention: { count: 2 } });
    const none = {
      rows: 0,
      bytes: 0,
      channels: 0,
      waiters: 0,
      lead: 0,
      sends: 0,
      commits: 0,
      wakes: 0,
      streams: 0,
      sockets: 0,
      badFrames: 0,
      unsent: 0,
      trims: 0,
      consumers: [],
    };
    assert.deepEqual(bus.stats(), { ...none, commitMs: 0 });
    const polls = ["a", "b"].map((channel) => bus.poll([channel], 0, 1_000));
    await turns();
    assert.deepEqual(bus.stats(), { ...none, channels: 2, waiters: 2, commitMs: 0 });
    await Promise.all([1, 2, 3].map((message) => bus.sendone("a", message)));
    await polls[0];
    await turns();
    const { commitMs, ...counts } = bus.stats();
    assert.deepEqual(counts, {
      ...none,
      rows: 2,
      bytes: 8,
      channels: 2,
      waiters: 1,
      sends: 3,
      commits: 1,
      wakes: 1,
      trims: 1,
    });
    assert.ok(commitMs > 0 && commitMs < 1_000);
  });

  it("is how long the store takes, in ms", async () => {
    const { bus } = observed({ store: sqlite(newPath()) });
    for (let send = 0; send < 5; send += 1) await bus.sendone("a", send);
    const { commits, commitMs } = bus.stats();
    assert.equal(commits, 5);
    assert.ok(commitMs > 0.05 && commitMs < 5_000, `${commitMs} ms`);
  });
});

type Told = readonly [name: string, message: Readonly<Record<string, unknown>>];

function only(told: readonly unknown[], ...names: readonly string[]): readonly Told[] {
  return (told as readonly Told[]).filter(([name]) => names.includes(name)); // as observed() pushes it
}
