import assert from "node:assert/strict";
import type { Client } from "nightbus/client";
import { describe, it, onTestFinished, vi } from "vitest";
import { Lab } from "./lab.ts";
import { FakeMount, refuse } from "./mount.ts";
import { FakeStorage, heard } from "./queue-bed.ts";
import { start, useFakeTime, wait } from "./start.ts";

useFakeTime();

/** Two tabs over one storage. */
function two(mount: FakeMount) {
  const [lab, storage] = [new Lab(mount), new FakeStorage()];
  const open = () => {
    const { bus } = lab.open({ shareTabs: "" });
    onTestFinished(() => bus.close());
    return heard(bus, { storage, name: "ann" });
  };
  return [open(), open()] as const;
}

type Ask = { readonly steal?: boolean; readonly signal?: AbortSignal };

/** A queue in a page whose locks answer so. */
async function withLocks(request: (name: string, options: Ask, work: () => Promise<unknown>) => Promise<unknown>) {
  vi.stubGlobal("navigator", { onLine: true, locks: { request } });
  const { bus, mount } = start();
  onTestFinished(() => bus.close());
  await wait();
  return { mount, ...heard(bus, { storage: new FakeStorage(), name: "ann" }) };
}

describe("tabs that share a storage", () => {
  it("end what another tab ended while this page was in the browser's cache", async () => {
    const [mount, storage, page] = [new FakeMount(), new FakeStorage(), new EventTarget()];
    const lab = new Lab(mount);
    lab.open({ shareTabs: "" }).bus.close(); // stubs the globals of the lab
    vi.stubGlobal("addEventListener", page.addEventListener.bind(page));
    const Radio = globalThis.BroadcastChannel;
    class Deaf extends Radio {
      constructor(name: string) {
        super(name);
        queueMicrotask(() => {
          this.onmessage = null;
        });
      }
    }
    vi.stubGlobal("BroadcastChannel", Deaf);
    const client = { status: "waiting", on: () => () => {} };
    const frozen = heard(client as unknown as Client, { storage, name: "ann" });
    let end: unknown = "waits";
    frozen.queue.sendone("a", 1).then(
      (id) => {
        end = id;
      },
      ({ code }) => {
        end = code;
      },
    );
    vi.stubGlobal("BroadcastChannel", Radio);
    const other = lab.open({ shareTabs: "" });
    heard(other.bus, { storage, name: "ann" });
    await wait(1_000);
    assert.deepEqual([mount.messages, storage.length, end], [[1], 0, "waits"]);
    page.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: false }));
    page.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
    await wait();
    assert.equal(end, "unknown");
    assert.deepEqual(
      frozen.givenUp.map(({ reason, mayBeCommitted, entries }) => [reason, mayBeCommitted, entries]),
      [["unknown", true, [["a", 1]]]],
    );
    other.bus.close();
  });

  it("keep what a callback queues while they end what another tab ended", async () => {
    const [page, storage] = [new EventTarget(), new FakeStorage()];
    vi.stubGlobal("addEventListener", page.addEventListener.bind(page));
    const client = { status: "waiting", on: () => () => {} } as unknown as Client;
    const reasons: string[] = [];
    const { queue } = heard(client, {
      storage,
      name: "ann",
      onGivenUp: ({ reason, entries: [entry] }) => {
        reasons.push(reason);
        if (reasons.length < 10) void queue.sendone(entry![0], entry![1]).catch(() => {});
      },
    });
    void queue.sendone("a", 1).catch(() => {});
    storage.items.clear(); // as another tab does that has sent it
    const show = (): boolean => page.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
    show();
    assert.deepEqual([reasons, queue.waiting], [["unknown"], 1]);
    storage.items.clear();
    storage.key = () => {
      throw new Error("no access");
    };
    Object.defineProperty(storage, "length", { value: 1 });
    show();
    assert.deepEqual(reasons, ["unknown"], "a storage that fails says nothing of its sends");
    queue.close();
  });

  it("try nothing if the connection broke while they waited for their turn", async () => {
    const turns: (() => void)[] = [];
    const request = (_name: string, _options: Ask, work: () => Promise<unknown>) =>
      new Promise((resolve) => turns.push(() => resolve(work())));
    vi.stubGlobal("navigator", { onLine: true, locks: { request } });
    const { bus, mount } = start();
    onTestFinished(() => bus.close());
    await wait();
    const { queue, givenUp } = heard(bus, { storage: new FakeStorage(), name: "ann" });
    void queue.sendone("a", 1).catch(() => {});
    mount.fault = () => Promise.reject(new TypeError("network error"));
    mount.cut();
    await wait();
    assert.equal(bus.status, "waiting");
    turns.shift()!();
    await wait();
    assert.deepEqual([mount.asked.filter((one) => one.startsWith("POST send")), givenUp], [[], []]);
  });

  it("try one send at a time, and both hear of each", async () => {
    const mount = new FakeMount();
    let under = 0;
    let most = 0;
    mount.delay = async () => {
      if (!mount.asked.at(-1)?.startsWith("POST send")) return;
      most = Math.max(most, ++under);
      await new Promise((resolve) => setTimeout(resolve, 50));
      under -= 1;
    };
    const [one, other] = two(mount);
    await wait();
    const ids = [one.queue.sendone("a", 1), other.queue.sendone("a", 2), one.queue.sendone("a", 3)];
    await wait(1_000);
    assert.deepEqual(await Promise.all(ids), [101, 102, 103]);
    assert.deepEqual([most, mount.messages], [1, [1, 2, 3]]);
    for (const { sent } of [one, other])
      assert.deepEqual(
        sent.map(({ ids: [id] }) => id),
        [101, 102, 103],
      );
  });

  it("both hear of a refusal, with the error's code, status and issues", async () => {
    const mount = new FakeMount();
    mount.fault = (asked) => (asked.includes("send") ? refuse(422, "bad_message") : undefined);
    const [one, other] = two(mount);
    await wait();
    const sending = one.queue.sendone("a", 1);
    await wait(100);
    await assert.rejects(sending, { code: "bad_message", status: 422 });
    for (const { givenUp } of [one, other]) {
      const [{ reason, error }] = givenUp as [(typeof givenUp)[0]];
      assert.deepEqual([givenUp.length, reason, error.code, error.status], [1, "refused", "bad_message", 422]);
      assert.match(error.message, /as the test wishes/);
    }
  });

  it("go on where locks are forbidden", async () => {
    const { queue } = await withLocks(() => Promise.reject(new DOMException("no", "SecurityError")));
    const id = queue.sendone("a", 1);
    await wait();
    assert.equal(await id, 101);
  });

  it("take the lock after a minute from a tab that does not move", async () => {
    const asks: Ask[] = [];
    const { queue, mount } = await withLocks((_, options, work) => {
      asks.push(options);
      if (options.steal) return work();
      return new Promise((_, reject) => {
        options.signal?.addEventListener("abort", () => reject(options.signal?.reason));
      });
    });
    const id = queue.sendone("a", 1);
    await wait(59_000);
    assert.deepEqual(mount.messages, []);
    await wait(1_000);
    assert.equal(await id, 101);
    assert.deepEqual(
      asks.map(({ steal }) => steal),
      [undefined, true],
    );
  });

  it("step down when the lock is taken, and send what waits in a later turn", async () => {
    let lose = (_: unknown): void => {};
    const { queue, mount } = await withLocks(
      (_, __, work) =>
        new Promise((resolve, reject) => {
          lose = reject;
          work().then(resolve, reject);
        }),
    );
    mount.delay = () =>
      mount.messages.length === 0 ? new Promise((resolve) => setTimeout(resolve, 5_000)) : Promise.resolve();
    const id = queue.sendone("a", 1);
    await wait(1_000);
    lose(new DOMException("stolen", "AbortError"));
    await wait(10_000);
    assert.equal(await id, 101);
    assert.deepEqual(mount.messages, [1]);
  });
});
