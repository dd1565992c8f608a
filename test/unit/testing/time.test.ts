import { fakeBus } from "nightbus/testing";
import { describe, expect, it } from "vitest";

describe("the clock of a fake bus", () => {
  it("answers a poll to the millisecond, whatever the time", async () => {
    const bus = fakeBus();
    for (const timeout of [25_000, 1, 3, 10, 999]) {
      let answered = false;
      void bus.poll(["orders"], 0, timeout).then(() => {
        answered = true;
      });
      await bus.advance(timeout - 1);
      expect(answered).toBe(false);
      await bus.advance(1);
      expect(answered).toBe(true);
    }
    await bus.close();
  });
});
