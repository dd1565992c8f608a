import { type FakeBus, fakeBus, fakeClient } from "nightbus/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Cart, checkout, office, type Shop } from "./checkout.ts";

const cart: Cart = {
  user: 7,
  email: "ann@example.com",
  items: [
    { name: "tea", price: 12 },
    { name: "pot", price: 30 },
  ],
};

let bus: FakeBus<Shop>;
beforeEach(() => {
  bus = fakeBus<Shop>();
});
afterEach(() => bus.close());

describe("a checkout", () => {
  it("tells the office, the mailer and the customer, in one send", async () => {
    await checkout(bus, 1, cart);
    bus.expectSent("orders", { total: 42 }, { times: 1 });
    bus.expectSent("mail", ({ to, subject }) => to === "ann@example.com" && subject.includes("1"));
    bus.expectOrder(["orders", ["user", 7]]);
    expect(bus.sent.map(({ id }) => id)).toEqual([1, 2, 3]);
  });

  it("tells nobody of an empty cart", async () => {
    await checkout(bus, 1, { ...cart, items: [] });
    bus.expectNothingSent();
  });

  it("tells nobody when one of them cannot be told", async () => {
    bus.fail("mail", new Error("disk full"));
    await expect(checkout(bus, 1, cart)).rejects.toThrow("disk full");
    bus.expectNotSent("orders");
    bus.heal("mail");
    await checkout(bus, 1, cart);
    expect(bus.sent.on("orders").count).toBe(1);
  });

  it("can be waited for, where it is not awaited", async () => {
    const next = bus.nextSent("orders", { within: 1_000 });
    void checkout(bus, 1, cart);
    expect((await next).message.total).toBe(42);
  });
});

describe("the office", () => {
  const lines: string[] = [];
  let over: AbortController;
  beforeEach(async () => {
    lines.length = 0;
    over = new AbortController();
    office(bus, (line) => lines.push(line), over.signal).catch(() => {}); // the loop ends with the signal
    await bus.settled();
  });
  afterEach(() => over.abort());

  it("sees orders of other processes, too", async () => {
    bus.receive("orders", { id: 1, total: 42, items: ["tea"] });
    await bus.settled();
    expect(lines).toEqual(["Order 1: 42"]);
    expect(bus.sent).toEqual([]);
  });

  it("is reminded after each minute without an order", async () => {
    expect(bus.parked).toMatchObject([{ channels: ["orders"], last: 0 }]);
    await bus.advance(120_000);
    expect(lines).toEqual(["No orders for a minute.", "No orders for a minute."]);
  });

  it("is told when it has missed some", async () => {
    await checkout(bus, 1, cart);
    await bus.settled();
    bus.restart();
    await bus.settled();
    expect(lines).toEqual(["Order 1: 42", "Some orders are not shown here: look into the books."]);
  });
});

it("reaches the customer's page, and nobody else's", async () => {
  const ann = fakeClient(bus, { adds: [["user", 7]], last: 0 });
  const ben = fakeClient(bus, { adds: [["user", 8]], last: 0 });
  const seen: unknown[] = [];
  ann.on("notification", ({ message }) => seen.push(message));
  ben.on("notification", () => seen.push("Ben sees it"));
  await vi.waitUntil(() => ann.status === "live" && ben.status === "live");
  await checkout(bus, 1, cart);
  await vi.waitUntil(() => seen.length > 0);
  expect(seen).toEqual([{ text: "We have got your order 1." }]);
  ann.close();
  ben.close();
});
