import { Bus } from "nightbus";

export const bus = Bus.shared("lobby", () => {
  const bus = new Bus();
  process.once("SIGTERM", () => bus.close());
  return bus;
});
