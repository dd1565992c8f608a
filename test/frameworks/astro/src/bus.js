import { Bus } from "nightbus";

export const bus = Bus.shared("lobby", () => new Bus());
