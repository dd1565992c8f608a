import assert from "node:assert/strict";
import { ClientError, type SubscribeOptions } from "nightbus/client";
import { describe, it } from "vitest";
import { refuse } from "./mount.ts";
import { start, useFakeTime, wait } from "./start.ts";

useFakeTime();

type Started = ReturnType<typeof start>;

/** Reads these channels until the loop ends: the ids that it got, and how it ended. */
function read({ bus }: Started, channels: readonly string[], options?: SubscribeOptions) {
  const iterator = bus.subscribe(channels, options);
  const heard = { ids: [] as number[], end: undefined as unknown };
  (async () => {
    for await (const { id } of iterator) heard.ids.push(id);
  })().then(
    () => {
      heard.end = "done";
    },
    (thrown) => {
      heard.end = thrown.code ?? thrown;
    },
  );
  return heard;
}

/** The channels that the newest stream reads. */
async function channelsOf({ mount }: Started): Promise<readonly string[]> {
  await wait();
  return new URL(mount.asked.at(-1)!.split(" ")[1]!, "http://bus").searchParams.getAll("channels");
}

describe("subscribe", () => {
  it("gets what is sent on its channels after where the client stands, in order, and nothing else", async () => {
    const one = start();
    await wait();
    one.mount.send("b");
    one.mount.heartbeat();
    await wait();
    const heard = read(one, ["b", "c"]);
    one.mount.send("b", "a", "c");
    one.mount.send("c", "d", "b");
    await wait();
    assert.deepEqual(heard.ids, [102, 104, 105, 107]);
    one.bus.close();
  });

  it("keeps what comes while its consumer is busy", async () => {
    const { bus, mount } = start();
    const iterator = bus.subscribe(["a"]);
    await wait();
    mount.send("a", "a", "a");
    await wait();
    const taken = await Promise.all([iterator.next(), iterator.next(), iterator.next()]);
    assert.deepEqual(
      taken.map(({ value }) => value?.id),
      [101, 102, 103],
    );
    bus.close();
  });

  it("adds its channels and deletes them when it ends, but not those that others count", async () => {
    const one = start({ channels: ["a", "b"] });
    const first = one.bus.subscribe(["b", "c"]);
    const second = one.bus.subscribe(["c"]);
    assert.deepEqual(await channelsOf(one), ["a", "b", "c"]);
    await first.return?.();
    await first.return?.();
    assert.deepEqual(await channelsOf(one), ["a", "b", "c"]);
    await second.return?.();
    one.mount.send("b", "c");
    await wait(1_000);
    assert.deepEqual(await channelsOf(one), ["a", "b"]);
    assert.deepEqual(one.ids, [101]);
    one.bus.close();
  });

  it("ends with break and deletes its channels", async () => {
    const one = start();
    await wait();
    const reading = (async () => {
      for await (const { id } of one.bus.subscribe(["b"])) return id;
      return undefined;
    })();
    await wait();
    one.mount.send("b", "b");
    assert.equal(await reading, 101);
    await wait(1_000);
    assert.deepEqual(await channelsOf(one), ["a"]);
    one.bus.close();
  });

  it("ends with return while it waits", async () => {
    const { bus } = start();
    const iterator = bus.subscribe(["b"]);
    const waiting = iterator.next();
    assert.deepEqual(await iterator.return?.(), { done: true, value: undefined });
    assert.deepEqual(await waiting, { done: true, value: undefined });
    assert.deepEqual(await iterator.next(), { done: true, value: undefined });
    bus.close();
  });

  it("ends at once under a signal that is aborted", async () => {
    const one = start();
    const heard = read(one, ["b"], { signal: AbortSignal.abort() });
    await wait();
    assert.deepEqual(heard, { ids: [], end: "done" });
    assert.deepEqual(await channelsOf(one), ["a"]);
    one.bus.close();
  });

  it("ends when its signal is aborted", async () => {
    const one = start();
    const abort = new AbortController();
    const heard = read(one, ["a"], { signal: abort.signal });
    await wait();
    one.mount.send("a");
    await wait();
    abort.abort();
    one.mount.send("a");
    await wait();
    assert.deepEqual(heard, { ids: [101], end: "done" });
    assert.deepEqual(one.ids, [101, 102]);
    one.bus.close();
  });

  it("ends with close(), also one that begins later", async () => {
    const one = start();
    const heard = read(one, ["a"]);
    await wait();
    one.bus.close();
    const late = read(one, ["a"]);
    await wait();
    assert.deepEqual([heard.end, late.end], ["done", "done"]);
  });

  it("throws what the server refused", async () => {
    const one = start();
    const heard = read(one, ["b"]);
    one.mount.fault = () => refuse(403, "refused");
    await wait();
    assert.deepEqual([heard.end, one.errors], ["refused", ["refused"]]);
  });

  it("refuses channels that are no names", async () => {
    const { bus } = start();
    for (const wrong of ["a", [""], [7], [["a", 7]], undefined]) {
      assert.throws(
        () => bus.subscribe(wrong as never),
        (thrown) => thrown instanceof ClientError && thrown.code === "bad_argument",
      );
    }
    bus.close();
  });
});
