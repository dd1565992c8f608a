import { Bus } from "nightbus";

/**
 * The one bus of the process: pages and routes are bundles of their own, and `next dev` loads them anew after an edit. The
 * first load makes the bus. Its end lets the held polls and streams go.
 */
export const bus = Bus.shared("lobby", () => {
  const bus = new Bus();
  process.once("SIGTERM", () => bus.close());
  return bus;
});
