import { BusError } from "../../errors.ts";

/** The work inside a transaction failed, and not the store. `cause` is the error of the work. */
export class WorkFailure extends Error {
  constructor(cause: unknown) {
    super("the work inside a transaction failed", { cause });
  }
}

/** Returns the failure of work that has committed or rolled back by itself. */
export function endedByWork(): WorkFailure {
  const sentence = "the work has ended the transaction, which the store commits itself: leave out commit and rollback";
  return new WorkFailure(new BusError("bad_transaction", sentence));
}
