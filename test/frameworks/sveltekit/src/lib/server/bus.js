import { Bus } from "nightbus";

export const bus = Bus.shared("lobby", () => {
  const bus = new Bus();
  for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => bus.close());
  return bus;
});
