export { type BusFactory, type OptionsOfBus, type Place, type Runner, testBus } from "./bus.ts";
export type { StoreFactory, StorePlace } from "./store/topic.ts";
export { testStore } from "./store.ts";
