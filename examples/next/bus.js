import { Bus } from "nightbus";

/** The one bus of the process, however often Next.js loads this module. Its end lets the held polls and streams go. */
export const bus = Bus.shared("lobby", () => {
  const bus = new Bus();
  process.once("SIGTERM", () => bus.close());
  return bus;
});
