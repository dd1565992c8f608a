import { ExpectationError, type FakeBus, fakeBus } from "nightbus/testing";
import { beforeEach, describe, expect, it } from "vitest";

interface Shop {
  orders: { total: number; lines?: { sku: string; count: number }[]; customer?: { name: string } };
  order: { total: number };
  mail: { to: string };
  user: { note: string };
}

let bus: FakeBus<Shop>;
beforeEach(() => {
  bus = fakeBus<Shop>();
});

describe("expectSent", () => {
  it("is content with a message that is like it, or of which the function says so, or with any", async () => {
    await bus.sendone("orders", { total: 42, lines: [{ sku: "tea", count: 2 }], customer: { name: "Ann" } });
    bus.expectSent("orders");
    bus.expectSent("orders", { total: 42 });
    bus.expectSent("orders", { customer: { name: "Ann" }, lines: [{ sku: "tea" }] });
    bus.expectSent("orders", ({ total }) => total > 40);
    bus.expectSent("orders", { total: 42 }, { times: 1 });
    bus.expectSent("orders", { total: 41 }, { times: 0 });
  });

  it("says what was sent there instead, and where it differs", async () => {
    await bus.sendone("orders", { total: 41, customer: { name: "Ann" } });
    await bus.sendone("orders", { total: 42, customer: { name: "Ben" }, lines: [] });
    expect(saying(() => bus.expectSent("orders", { total: 42, customer: { name: "Ann" } }))).toMatchInlineSnapshot(`
      "expected a send on "orders" like {"total":42,"customer":{"name":"Ann"}}, but none of the 2 sent there is
        #1 "orders" {"total":41,"customer":{"name":"Ann"}}: total is 41, not 42
        #2 "orders" {"total":42,"customer":{"name":"Ben"},"lines":[]}: customer.name is "Ben", not "Ann""
    `);
    expect(saying(() => bus.expectSent("orders", { lines: [{ sku: "tea" }] }))).toMatchInlineSnapshot(`
      "expected a send on "orders" like {"lines":[{"sku":"tea"}]}, but none of the 2 sent there is
        #1 "orders" {"total":41,"customer":{"name":"Ann"}}: lines is not there
        #2 "orders" {"total":42,"customer":{"name":"Ben"},"lines":[]}: lines has 0 elements, not 1"
    `);
    expect(saying(() => bus.expectSent("orders", (order) => order.total > 50))).toMatchInlineSnapshot(`
      "expected a send on "orders" like (order) => order.total > 50, but none of the 2 sent there is
        #1 "orders" {"total":41,"customer":{"name":"Ann"}}: the function did not return true
        #2 "orders" {"total":42,"customer":{"name":"Ben"},"lines":[]}: the function did not return true"
    `);
  });

  it("says so of a single one", async () => {
    await bus.sendone("mail", { to: "ann" });
    expect(saying(() => bus.expectSent("mail", { to: "ben" }))).toMatchInlineSnapshot(`
      "expected a send on "mail" like {"to":"ben"}, but the one sent there is not
        #1 "mail" {"to":"ann"}: to is "ann", not "ben""
    `);
  });

  it("says how often it was sent", async () => {
    await bus.sendone("mail", { to: "ann" });
    await bus.sendone("mail", { to: "ann" });
    expect(saying(() => bus.expectSent("mail", { to: "ann" }, { times: 1 }))).toMatchInlineSnapshot(`
      "expected 1 send on "mail" like {"to":"ann"}, but there were 2
        #1 "mail" {"to":"ann"}
        #2 "mail" {"to":"ann"}"
    `);
    expect(saying(() => bus.expectSent("mail", undefined, { times: 3 }))).toMatchInlineSnapshot(`
      "expected 3 sends on "mail", but there were 2
        #1 "mail" {"to":"ann"}
        #2 "mail" {"to":"ann"}"
    `);
  });

  it("names what may have been meant: a slip of the pen, a tuple, a string that looks like one", async () => {
    await bus.sendone("order", { total: 42 });
    expect(saying(() => bus.expectSent("orders", { total: 42 }))).toMatchInlineSnapshot(`
      "expected a send on "orders" like {"total":42}, but nothing was sent there. Did you mean "order"?
        #1 "order" {"total":42}"
    `);
    bus.reset();
    await bus.sendone(["user", 7], { note: "hi" });
    expect(saying(() => bus.expectSent("user"))).toMatchInlineSnapshot(`
      "expected a send on "user", but nothing was sent there. Did you mean ["user",7]?
        #1 ["user",7] {"note":"hi"}"
    `);
    expect(saying(() => bus.expectSent(["user", 8]))).toMatchInlineSnapshot(`
      "expected a send on ["user",8], but nothing was sent there. Did you mean ["user",7]?
        #1 ["user",7] {"note":"hi"}"
    `);
    expect(saying(() => bus.expectSent('["user",7]' as never))).toMatchInlineSnapshot(`
      "expected a send on "[\\"user\\",7]", but nothing was sent there. Did you mean ["user",7]?
        #1 ["user",7] {"note":"hi"}"
    `);
  });

  it("names the channels on which something was sent, where none is near", async () => {
    await bus.sendmany([
      ["mail", { to: "ann" }],
      ["mail", { to: "ben" }],
      [["user", 7], { note: "hi" }],
    ]);
    expect(saying(() => bus.expectSent("orders"))).toMatchInlineSnapshot(
      `"expected a send on "orders", but nothing was sent there, only on "mail", ["user",7]"`,
    );
  });

  it("says how to wait for code that does not wait itself", async () => {
    void bus.sendone("orders", { total: 42 });
    expect(saying(() => bus.expectSent("orders"))).toMatchInlineSnapshot(
      `"expected a send on "orders", but nothing was sent; where the code does not await its sends, await bus.settled() first"`,
    );
    await bus.settled();
    bus.expectSent("orders");
  });

  it("shows few of many, and little of what is long", async () => {
    await bus.sendmany(Array.from({ length: 12 }, () => ["mail", { to: "a".repeat(200) }] as const));
    expect(saying(() => bus.expectSent("mail", { to: "b" }))).toContain("\n  and 2 more");
    expect(saying(() => bus.expectSent("mail", { to: "b" }))).toContain("aaa…");
  });

  it("gives runners what was expected and what was there", async () => {
    await bus.sendone("mail", { to: "ann" });
    try {
      bus.expectSent("mail", { to: "ben" });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ExpectationError);
      expect(error).toMatchObject({ expected: { to: "ben" }, actual: [{ to: "ann" }] });
    }
  });
});

describe("the other expectations", () => {
  it("say what was sent although it was not to be", async () => {
    bus.expectNotSent("mail");
    bus.expectNothingSent();
    await bus.sendone("mail", { to: "ann" });
    bus.expectNotSent("orders");
    expect(saying(() => bus.expectNotSent("mail"))).toMatchInlineSnapshot(`
      "expected no send on "mail", but there was 1
        #1 "mail" {"to":"ann"}"
    `);
    expect(saying(() => bus.expectNothingSent())).toMatchInlineSnapshot(`
      "expected no send, but there was 1
        #1 "mail" {"to":"ann"}"
    `);
  });

  it("say which channel of an order did not come, and what came", async () => {
    await bus.sendone("orders", { total: 42 });
    await bus.sendone("mail", { to: "ann" });
    await bus.sendone(["user", 7], { note: "hi" });
    bus.expectOrder(["orders", ["user", 7]]);
    bus.expectOrder([]);
    expect(saying(() => bus.expectOrder([["user", 7], "orders"]))).toMatchInlineSnapshot(`
      "expected sends on ["user",7], "orders" in this order, but none on "orders" came after ["user",7]
        #1 "orders" {"total":42}
        #2 "mail" {"to":"ann"}
        #3 ["user",7] {"note":"hi"}"
    `);
    expect(saying(() => bus.expectOrder(["order", "mail"]))).toMatchInlineSnapshot(`
      "expected sends on "order", "mail" in this order, but none on "order" came
        #1 "orders" {"total":42}
        #2 "mail" {"to":"ann"}
        #3 ["user",7] {"note":"hi"}"
    `);
  });
});

function saying(work: () => void): string {
  try {
    work();
  } catch (error) {
    return (error as Error).message; // an ExpectationError
  }
  return "it was content";
}
