import assert from "node:assert/strict";
import { messagesOf, type Topic } from "./bus/topic.ts";

/** Retention by age in real time, by the engine's own clock. */
export function ageing({ it, over }: Topic): void {
  it(
    "trims what has grown too old, and says missed of it",
    over({ retention: { age: 200 } }, async ({ bus }) => {
      const start = bus.last;
      const old = await bus.sendone("a", "old");
      assert.deepEqual(messagesOf(await bus.poll(["a"], start, 0)), ["old"]);
      await pass(260);
      await bus.sendone("a", "new");
      const batch = await bus.poll(["a"], start, 0);
      assert.deepEqual([messagesOf(batch), batch.missed], [["new"], true]);
      assert.equal((await bus.poll(["a"], old, 0)).missed, false);
    }),
  );

  it(
    "looks back from 0 by the time of the log",
    over({}, async ({ bus }) => {
      await bus.sendone("a", "old");
      await pass(260);
      await bus.sendone("a", "new");
      assert.deepEqual(messagesOf(await bus.poll(["a"], 0, 0, { lookback: 200 })), ["new"]);
      assert.deepEqual(messagesOf(await bus.poll(["a"], 0, 0, { lookback: 60_000 })), ["old", "new"]);
    }),
  );
}

// The test waits in real time, because no clock in its hand ages the rows.
function pass(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
