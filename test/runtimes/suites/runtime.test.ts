import { expect, it } from "vitest";
import { runtimeHere } from "../runtimes.ts";

it("runs on the runtime that is asked for", () => {
  expect(runtimeHere()).toBe(process.env["RUNTIME"]);
});
