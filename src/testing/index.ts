/**
 * Tests an application with a fake bus, a fake client and a clock to move.
 *
 * @module nightbus/testing
 */

export { ExpectationError } from "./expect/expectation-error.ts";
export type { SentOptions } from "./expect/expectations.ts";
export type { Like, Matcher } from "./expect/matching.ts";
export type { Sent } from "./expect/sent.ts";
export { type ExpectedMessage, FakeBus, type FakeBusOptions, fakeBus } from "./fake/fake-bus.ts";
export { type FakeClientOptions, fakeClient } from "./fake/fake-client.ts";
export { ManualClock } from "./fake/manual-clock.ts";
export type { ParkedPoll } from "./fake/parked.ts";
