import type { Bus } from "../../bus.ts";

const closings = new WeakMap<object, (() => void)[]>();

/** Calls back when the bus has closed. All mounts of a bus share one listener, because Node warns of a leak from eleven on. */
export function whenClosed<C extends object>(bus: Bus<C>, close: () => void): void {
  const known = closings.get(bus);
  if (known !== undefined) {
    known.push(close);
    return;
  }
  const all = [close];
  closings.set(bus, all);
  bus.once("close", () => {
    for (const each of all) each();
  });
}
