/**
 * Tests a store or a bus by the suites that every one of them passes.
 *
 * @module nightbus/conformance
 */

export { type BusFactory, type OptionsOfBus, type Place, type Runner, type Transaction, testBus } from "./bus.ts";
export type { StoreFactory, StorePlace } from "./store/topic.ts";
export { testStore } from "./store.ts";
