import assert from "node:assert/strict";
import { ClientError } from "nightbus/client";
import { describe, it } from "vitest";
import { refuse } from "./mount.ts";
import { start, useFakeTime, wait } from "./start.ts";

useFakeTime();

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

describe("a subscription that meets a gap", () => {
  it("tells onMissed of it when what came before was taken, and goes on", async () => {
    const heard: unknown[] = [];
    const { bus, iterator } = await behind((last) => heard.push(`missed after ${last}`));
    for (const _ of [1, 2]) heard.push((await iterator.next()).value?.id);
    assert.deepEqual(heard, [101, "missed after 101", 104]);
    bus.close();
  });

  it("throws missed without onMissed when what came before was taken, and ends", async () => {
    const { bus, mount, iterator } = await behind();
    assert.equal((await iterator.next()).value?.id, 101);
    await assert.rejects(iterator.next(), (thrown) => thrown instanceof ClientError && thrown.code === "missed");
    bus.addChannel("b");
    await wait();
    assert.equal(mount.asked.at(-1), "GET events?channels=a&channels=b&last=104");
    bus.close();
  });

  it("tells a consumer that waits at once", async () => {
    const { bus, mount, iterator } = await behind((last) => gaps.push(last));
    const gaps: number[] = [];
    const ids: unknown[] = [];
    const reading = (async () => {
      for await (const { id } of iterator) ids.push(id);
    })();
    await wait();
    mount.restart(10);
    await wait(3_000);
    assert.deepEqual(
      [ids, gaps],
      [
        [101, 104],
        [101, 104],
      ],
    );
    bus.close();
    await reading;
  });

  it("throws what onMissed throws, and ends", async () => {
    const broken = new RangeError("broken");
    const one = await behind(() => {
      throw broken;
    });
    await one.iterator.next();
    await assert.rejects(one.iterator.next(), broken);
    one.mount.send("a");
    await wait();
    assert.deepEqual([one.errors, one.ids], [[], [101, 104, 105]]);
    one.bus.close();
  });

  it("is left quietly, though the client was refused meanwhile", async () => {
    const { bus, mount, iterator } = await behind();
    mount.fault = () => refuse(401, "refused");
    mount.cut();
    await wait(3_000);
    assert.equal(bus.status, "closed");
    assert.deepEqual(await iterator.return?.(), { done: true, value: undefined });
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
    await wait(1_000);
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
