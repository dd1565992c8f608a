import assert from "node:assert/strict";
import { Bus } from "nightbus";
import { presence } from "nightbus/presence";
import { describe, it } from "vitest";
import type { PendingRow } from "../../../src/store.ts";
import { StoreDouble } from "../../support/doubles.ts";
import { TestClock, turns } from "./node.ts";

class CountingStore extends StoreDouble {
  rows = 0;
  text = 0;
  largest = 0;

  override commit(send: readonly PendingRow[]): readonly number[] {
    for (const { json } of send) {
      this.rows += 1;
      this.text += json.length;
      this.largest = Math.max(this.largest, Buffer.byteLength(json));
    }
    return super.commit(send);
  }
}

async function room(members: number) {
  const [store, clock] = [new CountingStore(), new TestClock(1_700_000_000_000)];
  const bus = new Bus({ store, clock });
  const here = presence(bus, { member: () => undefined });
  const after = async (ms: number): Promise<void> => {
    clock.jump(ms);
    await turns(40);
  };
  await after(50);
  await after(3_000);
  for (let id = 0; id < members; id += 1) here.join({ id, info: { name: `member ${id}` } }, ["room"]);
  await after(50);
  assert.equal(here.of("room").length, members);
  const cost = async (work: () => void) => {
    const [rows, text] = [store.rows, store.text];
    work();
    await after(50);
    return { rows: store.rows - rows, text: store.text - text };
  };
  return { bus, here, store, after, cost };
}

describe("the cost of presence", () => {
  it("is the same for a join in a room of 10,000 as in a room of ten, and follows changes, not members", async () => {
    const [small, large] = [await room(10), await room(10_000)];
    const join =
      ({ here }: typeof small) =>
      () =>
        void here.join({ id: 99_999, info: { name: "new" } }, ["room"]);
    const [one, other] = [await large.cost(join(large)), await small.cost(join(small))];
    assert.deepEqual([one.rows, other.rows], [2, 2]);
    assert.ok(Math.abs(one.text - other.text) < 10, "only the number of the row is longer");
    const quiet = await large.cost(() => {});
    assert.equal(quiet.rows, 0);
    let beats = { rows: 0, text: 0 };
    for (let n = 0; n < 8; n += 1) {
      const { rows, text } = await large.cost(() => void large.after(16_250));
      beats = { rows: beats.rows + rows, text: beats.text + text };
    }
    assert.ok(beats.rows <= 9 && beats.text < 1_500, `two minutes of 10,000 members: ${JSON.stringify(beats)}`);
    assert.ok(large.store.largest <= 64 * 1024, `${large.store.largest}`);
    await Promise.all([small.bus.close(), large.bus.close()]);
  });

  it("answers a node that opens with all members, in rows of at most 64 kB", async () => {
    const { bus, here, store, after, cost } = await room(10_000);
    const ask = { v: 1, node: "other", seq: 1, does: "ask", of: [] };
    const answer = await cost(() => void store.commit([{ key: '["nightbus.presence"]', json: JSON.stringify(ask) }]));
    assert.ok(answer.rows > 10 && answer.text < 2 ** 20, JSON.stringify(answer));
    assert.ok(store.largest <= 64 * 1024, `${store.largest}`);
    await after(50);
    assert.equal(here.of("room").length, 10_000);
    await bus.close();
  });
});
