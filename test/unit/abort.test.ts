import { describe, expect, it } from "vitest";
import { LoneSignal } from "../../src/util/abort.ts";

describe.each([
  ["a LoneSignal", () => new LoneSignal()],
  [
    "an AbortSignal, as its model",
    () => {
      const controller = new AbortController();
      const { signal } = controller;
      return Object.assign(signal, { abort: (reason: unknown) => controller.abort(reason) });
    },
  ],
])("%s", (_, make) => {
  it("tells every listener once, in their order, but for those that left", () => {
    const signal = make();
    const heard: unknown[] = [];
    const [one, two, three] = [1, 2, 3].map((n) => () => void heard.push(n)) as [() => void, () => void, () => void];
    signal.addEventListener("abort", one);
    for (const listener of [two, two, three]) signal.addEventListener("abort", listener);
    signal.removeEventListener("abort", one);
    signal.removeEventListener("abort", () => {});
    signal.abort("first");
    signal.abort("second");
    expect([heard, signal.aborted, signal.reason]).toEqual([[2, 3], true, "first"]);
  });

  it("tells a listener that came again after it had left", () => {
    const signal = make();
    const heard: unknown[] = [];
    const listener = () => void heard.push(signal.reason);
    signal.addEventListener("abort", listener);
    signal.removeEventListener("abort", listener);
    signal.addEventListener("abort", listener);
    signal.abort(7);
    expect(heard).toEqual([7]);
  });
});

describe("the item of a LoneSignal", () => {
  it("is told the reason, with others and with all listeners, even if it removes them", () => {
    const signal = new LoneSignal();
    const heard: unknown[] = [];
    const told = (item: string, reason: unknown): void => {
      heard.push([item, reason]);
      signal.forget();
    };
    signal.addEventListener("abort", () => heard.push("listener"));
    signal.attach(told, "one");
    signal.attach(told, "other");
    signal.abort("why");
    expect(heard).toEqual([["one", "why"], "listener", ["other", "why"]]);
  });

  it("hears nothing after it was forgotten", () => {
    const signal = new LoneSignal();
    const heard: unknown[] = [];
    signal.attach((item) => void heard.push(item), "one");
    signal.forget();
    signal.abort("why");
    expect(heard).toEqual([]);
  });
});
