import { runInNewContext } from "node:vm";
import { Bus } from "nightbus";
import { mount } from "nightbus/fetch";
import { fakeBus } from "nightbus/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { asError, given, isError } from "../../src/errors.ts";

/** Values as `node:vm` makes them. jest runs each test in such a realm, in which the errors of Node are foreign. */
const foreign = {
  error: () => runInNewContext("new TypeError('no such file')") as unknown,
  pattern: () => runInNewContext("/^hel+o$/") as RegExp,
  promise: (value: unknown) => runInNewContext("(async () => value)()", { value }) as Promise<unknown>,
};

describe("a value of another realm", () => {
  it("is known as an error, also a DOMException", () => {
    const error = foreign.error();
    expect(error instanceof Error).toBe(false);
    expect(asError(error)).toBe(error);
    expect(given(error)).toBe("TypeError: no such file");
    expect(isError(runInNewContext("timeout", { timeout: new DOMException("late", "TimeoutError") }))).toBe(true);
    for (const value of [undefined, null, "Error", {}, { message: "none", stack: "" }])
      expect(isError(value)).toBe(false);
  });

  it("is told with its own message if a hook throws it", async () => {
    const bus = new Bus();
    onTestFinished(() => bus.close());
    const errors: string[] = [];
    bus.on("error", ({ message }) => errors.push(message));
    const handler = mount(bus, { channels: () => foreign.promise(0).then(() => Promise.reject(foreign.error())) });
    expect((await handler(new Request("http://bus/poll?channels=a"))).status).toBe(500);
    expect(errors).toEqual(["the mount's channels hook threw: TypeError: no such file"]);
  });

  it("is awaited if a hook returns it", async () => {
    const bus = new Bus();
    onTestFinished(() => bus.close());
    const id = await bus.sendone("a", 1);
    const handler = mount(bus, { channels: () => foreign.promise(["a"]) as Promise<string[]> });
    const answer = (await (await handler(new Request("http://bus/poll?channels=a"))).json()) as { last: number };
    expect(answer.last).toBe(id);
  });

  it("ends a poll as a signal does", async () => {
    class ForeignSignal extends EventTarget {
      aborted = false;
      reason: unknown;
    }
    const bus = new Bus();
    onTestFinished(() => bus.close());
    const signal = new ForeignSignal();
    const poll = bus.poll(["a"], bus.last, 60_000, { signal: signal as unknown as AbortSignal });
    Object.assign(signal, { aborted: true, reason: new Error("enough") });
    signal.dispatchEvent(new Event("abort"));
    await expect(poll).rejects.toThrow("enough");
  });

  it("is a pattern for what was sent", async () => {
    const bus = fakeBus();
    await bus.sendone("a", { text: "hello" });
    bus.expectSent("a", { text: foreign.pattern() });
    await bus.close();
  });
});
