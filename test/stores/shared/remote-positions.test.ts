import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { Positions } from "../../../src/store.ts";
import { type Failure, failuresOf, Unreachable } from "../../../src/stores/shared/failures.ts";
import { type EngineChange, remotePositions } from "../../../src/stores/shared/remote-positions.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { passing } from "../passing.ts";

class Lost extends Error {}

const failures = failuresOf((error): Failure => {
  if (error instanceof Lost) return { kind: "lost", retry: "reads", cause: error };
  const isAway = error instanceof Unreachable;
  return { kind: isAway ? "unreachable" : "refused", retry: isAway ? "all" : "none", cause: error };
});

type Replace = (change: EngineChange, tries: number) => Promise<number | undefined>;

describe("a change of a position whose answer is lost", () => {
  const place = (replace: Replace): { positions: Positions; clock: ManualClock; changes: EngineChange[] } => {
    const clock = new ManualClock();
    const changes: EngineChange[] = [];
    const engine = {
      list: async () => [],
      read: async () => undefined,
      replace: (change: EngineChange) => replace(change, changes.push(change)),
    };
    return { positions: remotePositions({ clock, engine, failures }), clock, changes };
  };

  it("is tried again with the same token, and resolves with the version of the try that was made", async () => {
    const { positions, clock, changes } = place(async (_, tries) => {
      if (tries === 1) throw new Lost("no answer");
      return 7;
    });
    assert.equal(await passing(clock, positions.replace("a", 3, "state")), 7);
    assert.equal(changes.length, 2);
    assert.deepEqual(changes[0], changes[1]);
    await positions.replace("a", 3, "state");
    assert.notEqual(changes[2]!.token, changes[0]!.token, "another change has another token");
  });

  it("is left open if another version is stored then, or the engine refuses to say", async () => {
    for (const later of [async () => undefined, () => Promise.reject(new Error("refused"))]) {
      const { positions, clock } = place((_, tries) => (tries === 1 ? Promise.reject(new Lost("no answer")) : later()));
      await assert.rejects(passing(clock, positions.replace("a", 3, "state")), Lost);
    }
  });

  it("is left open if the engine cannot be reached for five seconds after it", async () => {
    const { positions, clock } = place((_, tries) =>
      Promise.reject(tries === 1 ? new Lost("no answer") : new Unreachable("nobody there")),
    );
    await assert.rejects(passing(clock, positions.replace("a", 3, "state")), Lost);
    const certain = place(() => Promise.reject(new Unreachable("nobody there")));
    await assert.rejects(passing(certain.clock, certain.positions.replace("a", 3, "state")), Unreachable);
  });

  it("differs from one that is refused: another version changes nothing", async () => {
    const { positions, changes } = place(async () => undefined);
    assert.equal(await positions.replace("a", 3, undefined), undefined);
    assert.equal(changes.length, 1);
  });
});
