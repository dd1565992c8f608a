import assert from "node:assert/strict";
import { ClientError } from "nightbus/client";
import { afterEach, beforeEach, describe, it, vi } from "vitest";
import { start, wait } from "./start.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** A client that missed 102 and 103 while its subscription to `a` held 101, not yet taken; 104 follows. */
async function behind(onMissed?: (last: number) => void) {
  const one = start({ last: 100 });
  const iterator = one.bus.subscribe(["a"], onMissed && { onMissed });
  await wait();
  one.mount.send("a");
  await wait();
  one.mount.cut();
  one.mount.send("a", "a", "a");
  one.mount.trim(103);
  await wait(500);
  return { ...one, iterator };
}

describe("a subscription that meets a hole", () => {
  it("tells onMissed of it, and goes on", async () => {
    const holes: number[] = [];
    const { bus, iterator } = await behind((last) => holes.push(last));
    assert.equal((await iterator.next()).value?.id, 101);
    assert.equal((await iterator.next()).value?.id, 104);
    assert.deepEqual(holes, [101]);
    bus.close();
  });

  it("throws missed without onMissed, and ends", async () => {
    const { bus, mount, iterator } = await behind();
    const codes: unknown[] = [];
    for (let taken = 0; taken < 3; taken += 1) {
      await iterator.next().then(
        ({ done }) => codes.push(done),
        (thrown) => codes.push(thrown instanceof ClientError && thrown.code),
      );
    }
    assert.ok(codes.includes("missed"));
    bus.addChannel("b");
    await wait();
    assert.equal(mount.asked.at(-1), "GET events?channels=a&channels=b&last=104");
    bus.close();
  });
});

describe("a subscription whose consumer takes nothing", () => {
  it("holds 10,000 notifications, and ends with overflow at the next one", async () => {
    const { bus, mount, errors } = start();
    const iterator = bus.subscribe(["b"]);
    await wait();
    mount.send(...Array.from({ length: 10_000 }, () => "b"));
    await wait();
    assert.equal((await iterator.next()).value?.id, 101);
    mount.send("b", "b");
    await wait();
    assert.equal(new URL(mount.asked.at(-1)!.split(" ")[1]!, "http://bus").search, "?channels=a&last=10102");
    const ended = async (): Promise<unknown> => {
      for await (const _ of iterator);
      return "done";
    };
    assert.equal(await ended().catch(({ code }) => code), "overflow");
    assert.deepEqual(errors, []);
    bus.close();
  });
});
