import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { Bus } from "nightbus";
import { testBus, testStore } from "nightbus/conformance";
import { sqlite } from "nightbus/sqlite";
import { type FakeBus, fakeBus } from "nightbus/testing";
import { type Cart, checkout, office, type Shop } from "./checkout.ts";

// node --import tsx --test examples/testing/checkout.node-test.ts

const cart: Cart = { user: 7, email: "ann@example.com", items: [{ name: "tea", price: 42 }] };

describe("a checkout", () => {
  let bus: FakeBus<Shop>;
  beforeEach(() => {
    bus = fakeBus<Shop>();
  });
  afterEach(() => bus.close());

  it("tells the office and the customer", async () => {
    await checkout(bus, 1, cart);
    bus.expectSent("orders", { total: 42 });
    bus.expectSent(["user", 7]);
    assert.equal(bus.sent.last?.id, 3);
  });

  it("says what was sent instead of what was expected", async () => {
    await checkout(bus, 1, cart);
    assert.throws(() => bus.expectSent(["user", 8]), /Did you mean \["user",7\]\?/);
  });

  it("reminds the office by a clock of its own", async () => {
    const lines: string[] = [];
    const over = new AbortController();
    office(bus, (line) => lines.push(line), over.signal).catch(() => {}); // the loop ends with the signal
    await bus.advance(60_000);
    assert.deepEqual(lines, ["No orders for a minute."]);
    over.abort();
  });
});

// Authors of a store run these suites.
const place = { durable: false, shared: false };
testStore(
  "SQLite in memory",
  { ...place, positions: "within", place: () => ({ store: () => sqlite(":memory:") }) },
  { describe, it },
);
testBus(
  "over SQLite in memory",
  { ...place, place: () => ({ open: (options) => new Bus({ ...options, store: sqlite(":memory:") }) }) },
  { describe, it },
);
