import assert from "node:assert/strict";
import { Worker } from "node:worker_threads";
import { Bus } from "nightbus";
import { describe, it } from "vitest";
import { makePace } from "../../src/stores/memory/pace.ts";
import { IDS_PER_MS } from "../../src/util/ids.ts";

describe("the pace of ids", () => {
  it("lets sends through while their lead is short, and holds the others up until it is", async () => {
    const pace = makePace();
    pace.begin(1_000, Date.now());
    assert.equal(pace.slow(1_000 + 10 * IDS_PER_MS - 1), undefined);
    const id = 1_000 + 60 * IDS_PER_MS;
    const before = performance.now();
    const lead = pace.lead(id);
    assert.ok(lead > 50 && lead <= 60, `${lead}`);
    await pace.slow(id);
    assert.ok(performance.now() - before > lead - 11, "as long as the lead is above 10 ms");
    assert.ok(pace.lead(id) <= 10);
    assert.equal(pace.slow(id), undefined);
  });

  it("counts what it was behind, and not how far a clock was set back", () => {
    const pace = makePace();
    pace.begin(1e15, Date.UTC(2020, 0, 1));
    assert.ok(pace.lead(1e15) <= 10);
    pace.begin(1_000, Date.UTC(2021, 0, 1));
    const deadline = performance.now() + 5;
    while (performance.now() < deadline);
    assert.equal(pace.slow(1_000 + 14 * IDS_PER_MS), undefined, "5 ms have passed in which nothing was sent");
  });

  it("is shown by stats, and 0 for a bus at rest", async () => {
    await using bus = new Bus();
    await bus.sendone("a", 1);
    assert.equal(bus.stats().lead, 0);
  });

  it("makes no cursor of one life a position of the next, in worker threads that send as fast as they can", async () => {
    const lives: { readonly first: number; readonly last: number }[] = [];
    for (let life = 0; life < 3; life += 1) lives.push(await live());
    for (const [index, { first }] of lives.entries()) {
      if (index > 0) assert.ok(first > lives[index - 1]!.last, `${JSON.stringify(lives)}`);
    }
  });
});

/** One life of a bus in a thread of its own, which floods it and is ended without a goodbye. */
function live(): Promise<{ readonly first: number; readonly last: number }> {
  const index = new URL("../../dist/index.js", import.meta.url).href;
  const code = `
    import { parentPort } from "node:worker_threads";
    const { Bus } = await import(${JSON.stringify(index)});
    const bus = new Bus({ retention: { count: 10 } });
    const entries = Array.from({ length: 5_000 }, () => ["a", 1]);
    const [first] = await bus.sendmany(entries);
    const end = performance.now() + 150;
    while (performance.now() < end) await bus.sendmany(entries);
    parentPort.postMessage({ first, last: bus.last });
  `;
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
    worker.once("error", reject);
    worker.once("message", (message) => void worker.terminate().then(() => resolve(message)));
  });
}
