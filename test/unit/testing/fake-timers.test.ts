import FakeTimers, { type FakeMethod } from "@sinonjs/fake-timers";
import { Bus } from "nightbus";
import { fakeBus, fakeClient } from "nightbus/testing";
import { describe, expect, it, vi } from "vitest";

interface Timers {
  advance(ms: number): Promise<unknown>;
  end(): void;
}

/** Not nextTick nor queueMicrotask, which the runner itself needs: what it sends while they are faked is never sent. */
const TIMERS = [
  ...["setTimeout", "clearTimeout", "setInterval", "clearInterval", "setImmediate", "clearImmediate"],
  ...["Date", "performance", "hrtime"],
] as FakeMethod[];

const RUNNERS: Record<string, () => Timers> = {
  vitest() {
    vi.useFakeTimers();
    return { advance: (ms) => vi.advanceTimersByTimeAsync(ms), end: () => vi.useRealTimers() };
  },
  "sinon, and jest, whose timers they are": () => {
    const clock = FakeTimers.install({ toFake: TIMERS });
    return { advance: (ms) => clock.tickAsync(ms), end: () => clock.uninstall() };
  },
};

describe.each(Object.entries(RUNNERS))("the fake timers of %s", (_, begin) => {
  it("drive the deadlines and the retention of a real bus", async () => {
    const timers = begin();
    try {
      const bus = new Bus({ retention: { age: 60_000 } });
      const id = await bus.sendone("lobby", "hi");
      let answered = false;
      const poll = bus.poll(["lobby"], id, 25_000).then((batch) => {
        answered = true;
        return batch;
      });
      await timers.advance(24_990);
      expect(answered).toBe(false);
      await timers.advance(20);
      expect(answered).toBe(true);
      expect(await poll).toEqual([]);
      expect(await bus.poll(["lobby"], 0, 0)).toHaveLength(1);
      await timers.advance(60_000);
      expect(await bus.poll(["lobby"], 0, 0)).toHaveLength(0);
      await bus.close();
    } finally {
      timers.end();
    }
  });

  it("hold up neither a fake bus, which has its own clock, nor its clients", async () => {
    const timers = begin();
    try {
      const bus = fakeBus();
      const poll = bus.poll(["lobby"], 0, 25_000);
      await bus.advance(25_000);
      expect(await poll).toEqual([]);
      const client = fakeClient(bus, { channels: ["lobby"], last: 0 });
      const heard: unknown[] = [];
      client.on("notification", ({ message }) => heard.push(message));
      await bus.settled();
      await bus.sendone("lobby", "hi");
      await bus.settled();
      expect(heard).toEqual(["hi"]);
      client.close();
      await bus.close();
    } finally {
      timers.end();
    }
  });
});
