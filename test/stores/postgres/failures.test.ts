import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { failure, mayCommitAgain, mayReadAgain } from "../../../src/stores/postgres/failures.ts";

const answered = (code: string): Error => Object.assign(new Error(`as ${code}`), { code, severity: "ERROR" });

describe("what the engine has answered", () => {
  it("says that nothing was committed only where that is certain", () => {
    for (const code of ["23505", "25006", "40001", "42501", "53200", "54000", "55P03"])
      assert.equal(failure("It failed", answered(code)).refused, true, code);
    for (const code of ["08P01", "08006", "57014", "57P01", "58000", "58030", "XX000"])
      assert.equal(failure("It failed", answered(code)).refused, false, code);
    assert.equal(failure("It failed", new Error("Connection terminated unexpectedly")).refused, false);
  });

  it("is tried again where that does no harm", () => {
    for (const code of ["40001", "40P01"])
      assert.ok(mayCommitAgain(answered(code)) && mayReadAgain(answered(code)), code);
    for (const code of ["08006", "57014", "XX000"])
      assert.ok(!mayCommitAgain(answered(code)) && mayReadAgain(answered(code)), code);
    for (const code of ["42501", "55P03"])
      assert.ok(!mayCommitAgain(answered(code)) && !mayReadAgain(answered(code)), code);
    assert.ok(mayCommitAgain(answered("25006")), "it wrote nothing, and another server may write");
  });
});
