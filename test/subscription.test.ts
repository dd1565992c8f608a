import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { Bus } from "nightbus";
import { describe, it } from "vitest";
import { failsWith, turns } from "../src/testing/conformance/topic.ts";

describe("a subscription that has ended", () => {
  it("listens to its signal no longer, however it ended", async () => {
    const bus = new Bus({ retention: { count: 1 } });
    await bus.ready();
    const end = new AbortController();
    const { signal } = end;
    const listening = (): number => getEventListeners(signal, "abort").length;

    const left = bus.subscribe(["a"], { signal });
    const next = left.next();
    await turns();
    assert.ok(listening() >= 1);
    await left.return?.();
    await next;
    assert.equal(listening(), 0);

    const missed = bus.subscribe(["a"], { signal });
    await bus.sendone("a", 1);
    await bus.sendone("a", 2);
    await failsWith("missed", () => missed.next());
    assert.equal(listening(), 0);

    const closed = bus.subscribe(["a"], { signal });
    const last = closed.next();
    await bus.close();
    await last;
    assert.equal(listening(), 0);
  });
});
