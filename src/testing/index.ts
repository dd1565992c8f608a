export { type BusFactory, type OptionsOfBus, type Place, type Runner, testBus } from "./conformance/bus.ts";
export { type StoreFactory, type StorePlace, testStore } from "./conformance/store.ts";
export { ExpectationError } from "./expectations.ts";
export { type ExpectedMessage, FakeBus, type FakeBusOptions, fakeBus, type ParkedPoll } from "./fake-bus.ts";
export { type FakeClientOptions, fakeClient } from "./fake-client.ts";
export { ManualClock } from "./manual-clock.ts";
export type { Like } from "./matching.ts";
export type { Sent } from "./sent.ts";
