import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { BusError } from "../../../src/errors.ts";
import { type Failure, failuresOf } from "../../../src/stores/shared/failures.ts";

const cause = new Error("the reason");
const of = (failure: Omit<Failure, "cause">): ReturnType<typeof failuresOf> =>
  failuresOf(() => ({ cause, ...failure }));

describe("a failure of an engine", () => {
  it("says truly whether it was refused, and whether another send would fare better", () => {
    for (const [kind, refused, unavailable] of [
      ["refused", true, false],
      ["lost", false, false],
      ["read-only", true, true],
      ["unreachable", true, true],
    ] as const) {
      const error = of({ kind, retry: "none" }).failure("It failed", cause);
      assert.deepEqual(
        [error.code, error.message, error.cause, error.refused, error.unavailable],
        ["store", "It failed: the reason", cause, refused, unavailable],
        kind,
      );
    }
  });

  it("names the time that its retries took", () => {
    const { failure } = of({ kind: "unreachable", retry: "all" });
    assert.equal(failure("It failed", cause).message, "It failed: the reason (tried for 5 s)");
  });

  it("lets reads be tried again before commits", () => {
    for (const [retry, read, commit] of [
      ["none", false, false],
      ["reads", true, false],
      ["all", true, true],
    ] as const) {
      const { mayReadAgain, mayCommitAgain } = of({ kind: "lost", retry });
      assert.deepEqual([mayReadAgain(cause), mayCommitAgain(cause)], [read, commit], retry);
    }
  });

  it("passes on a BusError as it is, also as a cause", () => {
    const known = new BusError("store", "known", { refused: true });
    assert.equal(of({ kind: "lost", retry: "none" }).failure("It failed", known), known);
    const { failure } = failuresOf(() => ({ kind: "unreachable", retry: "none", cause: known }));
    assert.equal(failure("It failed", new Error("around it")), known);
  });
});
