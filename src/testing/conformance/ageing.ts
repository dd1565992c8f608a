import assert from "node:assert/strict";
import { messagesOf, type Topic } from "./bus/topic.ts";

/** The age of the oldest rows, in ms. */
const AGE = 300;

/** Retention by age in real time, by the engine's own clock. */
export function ageing({ it, over }: Topic): void {
  it(
    "trims what has grown too old, and says missed of it",
    over({ retention: { age: AGE } }, async ({ bus }) => {
      const start = bus.last;
      const old = await bus.sendone("a", "old");
      await pass(AGE + 60);
      const isYoung = watch();
      await bus.sendone("a", "new");
      const batch = await bus.poll(["a"], start, 0);
      const after = await bus.poll(["a"], old, 0);
      assert.equal(batch.missed, true);
      assert.ok(!messagesOf(batch).includes("old"));
      if (isYoung()) assert.deepEqual([messagesOf(batch), after.missed], [["new"], false]);
    }),
  );

  it(
    "looks back from 0 by the time of the log",
    over({}, async ({ bus }) => {
      await bus.sendone("a", "old");
      await pass(AGE + 60);
      const isYoung = watch();
      await bus.sendone("a", "new");
      const batch = await bus.poll(["a"], 0, 0, { lookback: AGE });
      assert.ok(!messagesOf(batch).includes("old"));
      if (isYoung()) assert.deepEqual(messagesOf(batch), ["new"]);
      assert.deepEqual(messagesOf(await bus.poll(["a"], 0, 0, { lookback: 60_000 })), ["old", "new"]);
    }),
  );
}

// The test waits in real time, because no clock in its hand ages the rows.
function pass(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Returns a function that says if a row of now is still young. A busy machine may take longer for a send and a read. */
function watch(): () => boolean {
  const from = performance.now();
  return () => performance.now() - from < AGE - 50;
}
