import { given } from "../../errors.ts";
import { disown } from "../../util/thenable.ts";

/** Receives the errors of the application's functions. */
type Failed = (thrown: unknown) => void;

/**
 * Asks a function of the application that decides at once. Returns undefined if it throws or answers anything but true or false, and
 * reports that fault.
 */
export function decided(name: string, ask: () => unknown, failed: Failed): boolean | undefined {
  try {
    const answer = ask();
    if (typeof answer === "boolean") return answer;
    disown(answer); // one report is enough
    throw new Error(`it must return true or false at once, got ${given(answer)}`);
  } catch (cause) {
    failed(faultOf(name, cause));
    return undefined;
  }
}

/** Tells a function of the application. Reports what it throws, and a promise of it that rejects. */
export function told(name: string, tell: () => unknown, failed: Failed): void {
  const report = (cause: unknown): void => failed(faultOf(name, cause));
  try {
    Promise.resolve(tell()).catch(report);
  } catch (cause) {
    report(cause);
  }
}

function faultOf(name: string, cause: unknown): Error {
  return new Error(`the option ${name} of the WebSockets failed`, { cause });
}
