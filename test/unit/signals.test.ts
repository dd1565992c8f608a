import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { LoneSignal } from "../../src/util/abort.ts";
import { Signals, unlessAborted } from "../../src/util/signals.ts";

describe("signals", () => {
  it("get one listener each, however many share one, and none when nobody is left", () => {
    const { signals } = make();
    const [abort, listeners] = watched();
    for (let item = 0; item < 1_000; item += 1) signals.add(abort.signal, item);
    assert.deepEqual(listeners, { added: 1, removed: 0 });
    for (let item = 0; item < 999; item += 1) signals.remove(abort.signal, item);
    assert.deepEqual(listeners, { added: 1, removed: 0 });
    signals.remove(abort.signal, 999);
    signals.remove(abort.signal, 999);
    assert.deepEqual(listeners, { added: 1, removed: 1 });
    signals.add(abort.signal, 1);
    assert.deepEqual(listeners, { added: 2, removed: 1 });
  });

  it("tell all who still listen, once, with the reason", () => {
    const { signals, aborted } = make();
    const [abort, listeners] = watched();
    const [other] = watched();
    for (const item of [1, 2, 3]) signals.add(abort.signal, item);
    signals.add(other.signal, 4);
    signals.remove(abort.signal, 2);
    abort.abort("why");
    assert.deepEqual(aborted, [
      [1, "why"],
      [3, "why"],
    ]);
    assert.deepEqual(listeners, { added: 1, removed: 1 });
    other.abort("later");
    assert.deepEqual(aborted.at(-1), [4, "later"]);
  });

  it("lets who is told leave, and others with it", () => {
    const told: number[] = [];
    const abort = new AbortController();
    const signals = new Signals<number>((item) => {
      told.push(item);
      signals.remove(abort.signal, item);
    });
    for (const item of [1, 2, 3]) signals.add(abort.signal, item);
    abort.abort();
    assert.deepEqual(told, [1, 2, 3]);
  });
});

describe("work unless aborted", () => {
  it("is ended by its signal after other work of the same signal has ended", async () => {
    const abort = new AbortController();
    const lone = new LoneSignal();
    for (const [signal, end] of [
      [abort.signal, () => abort.abort("why")],
      [lone, () => lone.abort("why")],
    ] as const) {
      const waiting = unlessAborted(new Promise(() => {}), signal);
      assert.equal(await unlessAborted(Promise.resolve("done"), signal), "done");
      end();
      await assert.rejects(waiting, (reason) => reason === "why");
      await assert.rejects(unlessAborted(new Promise(() => {}), signal), (reason) => reason === "why");
    }
  });
});

function make(): { readonly signals: Signals<number>; readonly aborted: (readonly [number, unknown])[] } {
  const aborted: (readonly [number, unknown])[] = [];
  return { signals: new Signals<number>((item, reason) => aborted.push([item, reason])), aborted };
}

function watched(): readonly [AbortController, { added: number; removed: number }] {
  const [abort, listeners] = [new AbortController(), { added: 0, removed: 0 }];
  const { signal } = abort;
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  signal.addEventListener = ((type: "abort", listener: () => void) => {
    listeners.added += 1;
    add(type, listener);
  }) as typeof signal.addEventListener;
  signal.removeEventListener = ((type: "abort", listener: () => void) => {
    listeners.removed += 1;
    remove(type, listener);
  }) as typeof signal.removeEventListener;
  return [abort, listeners];
}
