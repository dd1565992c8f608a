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
      expect(error).toMatchObject({ expected: { to: "ben" }, actual: { to: "ann" } });
    }
  });

  it("gives runners of the message that is most like it what was expected of it, and only where that says something", async () => {
    await bus.sendone("orders", { total: 43, customer: { name: "Ben" }, lines: [{ sku: "tea", count: 2 }] });
    await bus.sendone("orders", { total: 41 });
    expect(caught(() => bus.expectSent("orders", { total: 42, lines: [{ sku: "tea" }] }))).toMatchObject({
      expected: { total: 42, lines: [{ sku: "tea" }] },
      actual: { total: 43, lines: [{ sku: "tea" }] },
    });
    expect(caught(() => bus.expectSent("orders", { total: 41 }, { times: 2 }))).toMatchObject({
      expected: 2,
      actual: 1,
    });
    for (const vain of [
      () => bus.expectSent("orders", () => false),
      () => bus.expectSent("mail", { to: "ann" }),
      () => bus.expectSent("mail"),
    ]) {
      expect(caught(vain)).toMatchObject({ expected: undefined, actual: undefined });
    }
  });

  it("points at the line of the test", async () => {
    await bus.sendone("mail", { to: "ann" });
    const inTest = /^ExpectationError: expected .*\n(?: {2}#.*\n)* +at .*expectations\.test\.ts/;
    expect(caught(() => bus.expectSent("mail", { to: "ben" })).stack).toMatch(inTest);
    expect(caught(() => bus.expectNotSent("mail")).stack).toMatch(inTest);
    expect(caught(() => bus.expectNothingSent()).stack).toMatch(inTest);
    expect(caught(() => bus.expectOrder(["orders"])).stack).toMatch(inTest);
    const late = await bus.nextSent("orders", { within: 1 }).catch((error: Error) => error);
    expect((late as Error).stack).toMatch(inTest);
  });
});

describe("what is expected", () => {
  interface Log {
    line: { at: Date; text: string; level: number | null; tags?: readonly string[] };
  }

  it("is taken as it would be sent: a Date is its text, NaN is null", async () => {
    const log = fakeBus<Log>();
    await log.sendone("line", { at: new Date(0), text: "ready", level: Number.NaN });
    log.expectSent("line", { at: new Date(0) });
    log.expectSent("line", { at: "1970-01-01T00:00:00.000Z" });
    log.expectSent("line", { level: Number.NaN });
    log.expectSent("line", { level: null });
    expect(saying(() => log.expectSent("line", { at: new Date(5) }))).toContain(
      'at is "1970-01-01T00:00:00.000Z", not "1970-01-01T00:00:00.005Z"',
    );
  });

  it("may have matchers of the runner and regular expressions in it", async () => {
    const log = fakeBus<Log>();
    await log.sendone("line", { at: new Date(0), text: "ready", level: 3, tags: ["a", "b"] });
    log.expectSent("line", { level: expect.any(Number), tags: expect.arrayContaining(["b"]) });
    log.expectSent("line", expect.objectContaining({ text: "ready" }));
    const ready = /^re/g;
    for (let time = 0; time < 2; time += 1) log.expectSent("line", { text: ready, tags: [/a/, "b"] });
    expect(saying(() => log.expectSent("line", { level: expect.any(String) }))).toMatchInlineSnapshot(`
      "expected a send on "line" like {"level":"Any<String>"}, but the one sent there is not
        #1 "line" {"at":"1970-01-01T00:00:00.000Z","text":"ready","level":3,"tags":["a","b"]}: level is 3, not Any<String>"
    `);
    expect(saying(() => log.expectSent("line", { text: /^un/ }))).toMatchInlineSnapshot(`
      "expected a send on "line" like {"text":"/^un/"}, but the one sent there is not
        #1 "line" {"at":"1970-01-01T00:00:00.000Z","text":"ready","level":3,"tags":["a","b"]}: text is "ready", not /^un/"
    `);
  });

  it("may be a function that throws, or what no message can be", async () => {
    await bus.sendone("orders", { total: 1 });
    await bus.sendone("orders", { total: 2, customer: { name: "Ann" } });
    bus.expectSent("orders", ({ customer }) => customer!.name === "Ann");
    expect(saying(() => bus.expectSent("orders", ({ customer }) => customer!.name === "Ben"))).toMatchInlineSnapshot(`
      "expected a send on "orders" like ({ customer }) => customer.name === "Ben", but none of the 2 sent there is
        #1 "orders" {"total":1}: the function threw TypeError: Cannot read properties of undefined (reading 'name')
        #2 "orders" {"total":2,"customer":{"name":"Ann"}}: the function did not return true"
    `);
    expect(saying(() => bus.expectSent("orders", { total: 1n } as never))).toMatchInlineSnapshot(`
      "expected a send on "orders" like {"total":"1n"}, but none of the 2 sent there is
        #1 "orders" {"total":1}: total is 1, not 1n
        #2 "orders" {"total":2,"customer":{"name":"Ann"}}: total is 2, not 1n"
    `);
    const round: { total?: unknown } = {};
    round.total = round;
    expect(saying(() => bus.expectSent("orders", round as never))).toContain(
      "total is 1, not a value that is not JSON",
    );
  });

  it("is typed, also where channels carry unions, lists, or anything", async () => {
    type Id = string & { readonly brand: "id" };
    interface Typed {
      state: { kind: "on"; since: number } | { kind: "off" };
      list: readonly { id: Id; note?: string }[];
    }
    const typed = fakeBus<Typed>();
    await typed.sendone("state", { kind: "on", since: 5 });
    await typed.sendone("list", [{ id: "a" as Id, note: "b" }]);
    typed.expectSent("state", { kind: "on", since: 5 });
    typed.expectSent("state", (state) => state.kind === "on" && state.since === 5);
    typed.expectSent("list", [{ id: "a" as Id }]);
    typed.expectSent("list", [{ id: /a/ }]);
    // @ts-expect-error another kind than there is
    expect(() => typed.expectSent("state", { kind: "gone" })).toThrow();
    // @ts-expect-error a number where a list is sent
    expect(() => typed.expectSent("list", 5)).toThrow();
    const any = fakeBus();
    await any.sendone("orders", { total: 42 });
    any.expectSent("orders", { total: 42 });
    any.expectSent("orders", (message) => JSON.stringify(message) === '{"total":42}');
    any.expectSent("orders", ({ total }: { total: number }) => total > 40);
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
  return caught(work).message;
}

function caught(work: () => void): Error {
  try {
    work();
  } catch (error) {
    return error as Error; // an ExpectationError
  }
  return new Error("it was content");
}
