import assert from "node:assert/strict";
import { Bus, type Store } from "nightbus";
import { it } from "vitest";
import { failsWith, messagesOf, until } from "../../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { passing } from "../passing.ts";

/** Two buses on one log, whose connections the test kills. */
export interface Killed {
  readonly sender: Bus;
  readonly reader: Bus;
  /** The most sends of which one kill may leave the outcome unknown. */
  readonly mostUnknown: number;
  kill(): Promise<void> | void;
}

/** Tests that a bus whose connections are killed goes on, and neither loses nor doubles anything. */
export async function survivesKills({ sender, reader, mostUnknown, kill }: Killed): Promise<void> {
  for (const bus of [sender, reader]) bus.on("error", () => {});
  await Promise.all([sender.ready(), reader.ready()]);
  const heard: unknown[] = [];
  reader.on("notification", ({ message }) => heard.push(message));
  const acknowledged: number[] = [];
  const unknown: number[] = [];
  for (let step = 0; step < 60; step += 1) {
    if (step % 20 === 10) await kill();
    await sender.sendone("a", step).then(
      () => acknowledged.push(step),
      (error) => {
        assert.equal(error.code, "store");
        unknown.push(step);
      },
    );
  }
  await until(() => heard.includes(acknowledged.at(-1)), "the reader has caught up");
  assert.ok(unknown.length <= 3 * mostUnknown, `${unknown.length} sends of three kills were not acknowledged`);
  assert.equal(new Set(heard).size, heard.length, "none is heard twice");
  assert.deepEqual(
    heard.filter((step) => !unknown.includes(step as number)),
    acknowledged,
  );
  assert.deepEqual(messagesOf(await sender.poll(["a"], 0, 0)), heard);
}

/** Tests that a bus waits five seconds for a server that nobody can reach. `store` has the password "secret". */
export function testUnreachable(store: () => Store, ...sentence: readonly string[]): void {
  it("waits for a server that cannot be reached, for five seconds", async () => {
    const clock = new ManualClock();
    await using bus = new Bus({ clock, store: store() });
    const before = clock.now();
    const error = await failsWith("store", () => passing(clock, bus.sendone("a", 1)), ...sentence, "tried for 5 s");
    assert.ok(clock.now() - before >= 5_000);
    assert.deepEqual([error.refused, error.unavailable, error.message.includes("secret")], [true, true, false]);
  });
}
