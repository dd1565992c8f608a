import { BusError } from "../../errors.ts";
import { isBusy } from "./driver.ts";
import { failure } from "./file.ts";

/** Reports what fails in the background once, until it works again. A lock is no trouble: it is tried again soon. */
export class Trouble {
  readonly #report: (error: Error) => void;
  #reported = false;

  constructor(report: (error: Error) => void) {
    this.#report = report;
  }

  failed(error: unknown): void {
    if (isBusy(error) || this.#reported) return;
    this.#reported = true;
    this.#report(error instanceof BusError ? error : failure("SQLite failed in the background", error));
  }

  worked(): void {
    this.#reported = false;
  }
}
