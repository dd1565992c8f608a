import { Bus } from "nightbus";
import { expect, it, vi } from "vitest";
import { hubOf } from "../../src/bus.ts";

it("closes the parts of a bus with it, and at once what is added later", async () => {
  const bus = new Bus();
  const { closings } = hubOf(bus);
  const [before, after] = [{ close: vi.fn() }, { close: vi.fn() }];
  closings.add(before);
  expect(before.close).not.toHaveBeenCalled();
  await bus.close();
  expect(before.close).toHaveBeenCalledOnce();
  closings.add(after);
  expect(after.close).toHaveBeenCalledOnce();
  expect(closings.size).toBe(0);
});
