import assert from "node:assert/strict";
import type { Bus, BusOptions } from "nightbus";
import { messagesOf, turns, until } from "../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../src/testing/fake/manual-clock.ts";

type Open = (options?: BusOptions) => Bus;

/** Holds that twenty processes can start at once on a log that is not there yet. */
export async function startTogether(open: Open): Promise<void> {
  const buses = Array.from({ length: 20 }, () => open());
  await Promise.all(buses.map((bus) => bus.ready()));
  assert.equal(new Set(buses.map(({ last }) => last)).size, 1, "all stand at the same beginning");
  await Promise.all(buses.map((bus, index) => bus.sendone("a", index)));
  const last = Math.max(...buses.map((bus) => bus.last));
  await until(() => buses.every((bus) => bus.last === last), "all have caught up");
  for (const bus of buses) assert.equal((await bus.poll(["a"], 0, 0)).length, 20);
}

/** Holds that processes which trim at the same time leave what one would. */
export async function trimTogether(open: Open): Promise<void> {
  const retention = { count: 2, total: 20 };
  const buses = [open({ retention }), open({ retention }), open({ retention })];
  for (const bus of buses) await bus.ready();
  const start = await buses[0]!.sendone("begin", 0);
  const sends = Array.from({ length: 300 }, (_, index) =>
    buses[index % 3]!.sendmany([
      [`a${index % 7}`, index],
      ["b", index],
    ] as const),
  );
  const newest = Math.max(...(await Promise.all(sends)).flat());
  await until(() => buses.every(({ last }) => last === newest), "all have caught up");
  await Promise.all(buses.map((bus) => bus.close()));
  const again = open({ retention });
  assert.equal((await again.poll(["b"], 0, 0)).length, 2);
  for (const channel of ["a0", "a6", "b", "begin"]) {
    assert.equal((await again.poll([channel], start, 0)).missed, channel !== "begin", channel);
  }
  assert.equal(again.last, newest);
}

/** Holds that one process's wall clock, a day ahead for a while, takes nothing from anybody. */
export async function keepYoung(open: Open): Promise<void> {
  const clock = new ManualClock(Date.now());
  const retention = { age: 60_000 };
  const [stepping, other] = [open({ clock, retention }), open({ retention })];
  await Promise.all([stepping.ready(), other.ready()]);
  const first = await other.sendone("a", 0);
  await until(() => stepping.last === first, "it has heard");
  clock.set(Date.now() + 86_400_000);
  assert.deepEqual(messagesOf(await stepping.poll(["a"], 0, 0)), [0]);
  await stepping.sendone("a", 1);
  for (const _ of clock.steps(1_500)) await turns(2); // the bus sweeps, and trims rows that look old
  assert.deepEqual(messagesOf(await stepping.poll(["a"], 0, 0)), [0, 1]);
  await stepping.close();
  assert.deepEqual(messagesOf(await open({ retention }).poll(["a"], 0, 0)), [0, 1]);
}
