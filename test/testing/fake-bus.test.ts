import { Bus } from "nightbus";
import { FakeBus, fakeBus } from "nightbus/testing";
import { describe, expect, it } from "vitest";

interface Shop {
  orders: { total: number; customer?: { name: string } };
  mail: { to: string };
  user: { note: string };
}

describe("a fake bus", () => {
  it("is a Bus, with ids from 1", async () => {
    const bus = fakeBus<Shop>();
    expect(bus).toBeInstanceOf(Bus);
    expect(await bus.sendone("orders", { total: 42 })).toBe(1);
    expect(
      await bus.sendmany([
        ["mail", { to: "ann" }],
        [["user", 7], { note: "hi" }],
      ]),
    ).toEqual([2, 3]);
    await bus.close();
  });

  it("shows what was sent, in order, with ids; all of it or of one channel", async () => {
    const bus = fakeBus<Shop>();
    await bus.sendone("orders", { total: 1 });
    await bus.sendmany([
      [["user", 7], { note: "hi" }],
      ["orders", { total: 2 }],
    ]);
    expect(bus.sent).toEqual([
      { id: 1, channel: "orders", message: { total: 1 } },
      { id: 2, channel: ["user", 7], message: { note: "hi" } },
      { id: 3, channel: "orders", message: { total: 2 } },
    ]);
    expect(bus.sent.on("orders").map(({ message }) => message.total)).toEqual([1, 2]);
    expect(bus.sent.on(["user", 7]).last?.message).toEqual({ note: "hi" });
    expect([bus.sent.count, bus.sent.on("orders").count, bus.sent.on(["user", 8]).count]).toEqual([3, 2, 0]);
    expect(bus.sent.on("mail").last).toBeUndefined();
    await bus.close();
  });

  it("does not show what was refused, nor what others sent", async () => {
    const bus = fakeBus<Shop>();
    bus.receive("orders", { total: 1 });
    await bus.sendone("orders", 1n as never).catch(() => {});
    expect(bus.sent).toEqual([]);
    expect((await bus.poll(["orders"], 0, 0)).map(({ message }) => message)).toEqual([{ total: 1 }]);
    await bus.close();
  });

  it("hands what is received to readers and listeners, also at once after it was made", async () => {
    const bus = fakeBus<Shop>();
    const heard: unknown[] = [];
    bus.on("notification", ({ message }) => heard.push(message));
    bus.receive("orders", { total: 1 });
    await bus.settled();
    bus.receive("orders", { total: 2 });
    expect(heard).toEqual([{ total: 1 }, { total: 2 }]);
    await bus.close();
  });

  it("freezes what readers get", async () => {
    const bus = fakeBus<Shop>();
    await bus.sendone("orders", { total: 1, customer: { name: "Ann" } });
    const [order] = await bus.poll(["orders"], 0, 0);
    expect(() => Object.assign(order!.message, { total: 2 })).toThrow(TypeError);
    expect(() => Object.assign(order!.message.customer!, { name: "Ben" })).toThrow(TypeError);
    expect(() => Object.assign(bus.sent[0]!.message, { total: 2 })).toThrow(TypeError);
    await bus.close();
  });

  it("keeps to its own clock, which stands still until it is moved", async () => {
    const bus = fakeBus<Shop>({ now: Date.UTC(2030, 0, 1), retention: { age: 60_000 } });
    await bus.sendone("mail", { to: "ann" });
    const order: string[] = [];
    void bus.poll(["orders"], 1, 25_000).then(() => order.push("25 s"));
    void bus.poll(["orders"], 1, 10_000).then(async () => {
      order.push("10 s");
      await bus.poll(["orders"], 1, 5_000);
      order.push("15 s");
    });
    await bus.settled();
    expect(bus.parked).toEqual([
      { channels: ["orders"], last: 1, deadline: Date.UTC(2030, 0, 1, 0, 0, 25) },
      { channels: ["orders"], last: 1, deadline: Date.UTC(2030, 0, 1, 0, 0, 10) },
    ]);
    await bus.advance(24_000);
    expect(order).toEqual(["10 s", "15 s"]);
    expect(bus.parked).toHaveLength(1);
    await bus.advance(1_000);
    expect(order).toEqual(["10 s", "15 s", "25 s"]);
    expect(bus.parked).toEqual([]);
    expect(await bus.poll(["mail"], 0, 0)).toHaveLength(1);
    await bus.advance(60_000);
    expect(await bus.poll(["mail"], 0, 0)).toHaveLength(0);
    await bus.close();
  });

  it("shows the parked polls of subscriptions, and forgets those that were answered or given up", async () => {
    const bus = fakeBus<Shop>();
    const abort = new AbortController();
    const reading = bus.subscribe(["orders", ["user", 7]]).next();
    const aborted = bus.poll(["mail"], 0, 1_000, { signal: abort.signal });
    await bus.settled();
    expect(bus.parked.map(({ channels }) => channels)).toEqual([["orders", ["user", 7]], ["mail"]]);
    expect(bus.parked[0]!.deadline).toBe(Number.POSITIVE_INFINITY);
    abort.abort();
    await expect(aborted).rejects.toThrow();
    await bus.sendone("orders", { total: 1 });
    await reading;
    await bus.settled();
    expect(bus.parked).toEqual([]);
    await bus.close();
  });

  it("fails the sends on a channel, whole and alone, until it is healed", async () => {
    const bus = fakeBus<Shop>();
    const full = new Error("disk full");
    bus.fail("orders", full);
    const [failed, sent] = await Promise.allSettled([
      bus.sendmany([
        ["mail", { to: "ann" }],
        ["orders", { total: 1 }],
      ]),
      bus.sendone("mail", { to: "ben" }),
    ]);
    expect(failed).toMatchObject({ status: "rejected", reason: { code: "store", refused: true, cause: full } });
    expect(sent).toEqual({ status: "fulfilled", value: 1 });
    expect(bus.sent).toEqual([{ id: 1, channel: "mail", message: { to: "ben" } }]);
    bus.heal("orders");
    expect(await bus.sendone("orders", { total: 1 })).toBe(2);
    bus.fail("mail");
    bus.heal();
    expect(await bus.sendone("mail", { to: "cleo" })).toBe(3);
    await bus.close();
  });

  it("trims a channel, of which readers from before are answered missed", async () => {
    const bus = fakeBus<Shop>();
    await bus.sendmany([
      ["orders", { total: 1 }],
      ["mail", { to: "ann" }],
    ]);
    const level = bus.poll(["orders"], 2, 1_000);
    bus.trim("orders");
    expect(await bus.poll(["orders"], 0, 0)).toEqual([]);
    expect(await bus.poll(["mail"], 0, 0)).toHaveLength(1);
    expect((await bus.poll(["orders"], 0, 0)).missed).toBe(false);
    expect((await bus.poll(["mail"], 1, 0)).missed).toBe(false);
    expect((await bus.poll(["orders"], 1, 0)).missed).toBe(false);
    await bus.sendone("orders", { total: 2 });
    expect(await level).toMatchObject([{ id: 3 }]);
    bus.trim("orders");
    expect((await bus.poll(["orders"], 2, 0)).missed).toBe(true);
    await bus.close();
  });

  it("restarts into another life: nothing retained, cursors from before missed, ids a million higher", async () => {
    const bus = fakeBus<Shop>();
    await bus.sendmany([
      ["orders", { total: 1 }],
      ["orders", { total: 2 }],
    ]);
    const parked = bus.poll(["orders", "mail"], 2, 1_000);
    bus.restart();
    expect(bus.last).toBe(1_000_000);
    const batch = await parked;
    expect([batch.missed, batch.last]).toEqual([true, 1_000_000]);
    for (const last of [1, 2]) expect((await bus.poll(["mail"], last, 0)).missed).toBe(true);
    expect(await bus.poll(["orders"], 0, 0)).toEqual([]);
    expect(await bus.sendone("orders", { total: 3 })).toBe(1_000_001);
    expect((await bus.poll(["orders"], batch.last, 0)).missed).toBe(false);
    expect(bus.sent.count).toBe(3);
    bus.restart();
    expect(await bus.sendone("orders", { total: 4 })).toBe(2_000_001);
    await bus.close();
  });

  it("is as new after a reset", async () => {
    const bus = fakeBus<Shop>({ now: 5_000 });
    await bus.sendone("orders", { total: 1 });
    bus.restart();
    bus.fail("orders");
    await bus.advance(1_000);
    const next = bus.nextSent("mail");
    bus.reset();
    await expect(next).rejects.toThrow("the bus was reset");
    expect([bus.last, bus.sent]).toEqual([0, []]);
    expect(await bus.poll(["orders"], 0, 0)).toEqual([]);
    const poll = bus.poll(["orders"], 0, 1_000);
    await bus.settled();
    expect(bus.parked[0]!.deadline).toBe(6_000);
    expect(await bus.sendone("orders", { total: 2 })).toBe(1);
    expect((await poll).missed).toBe(false);
    await bus.close();
  });

  it("waits for the next that is sent on a channel", async () => {
    const bus = fakeBus<Shop>();
    const next = bus.nextSent("orders", { within: 1_000 });
    await bus.sendone("mail", { to: "ann" });
    await bus.sendone("orders", { total: 1 });
    await bus.sendone("orders", { total: 2 });
    expect(await next).toEqual({ id: 2, channel: "orders", message: { total: 1 } });
    await bus.close();
  });

  it("gives up waiting by its own clock or by the machine's", async () => {
    const bus = fakeBus<Shop>();
    const late = bus.nextSent("orders", { within: 60_000 });
    const rejected = expect(late).rejects.toThrow('expected a send on "orders" within 60000 ms, but none came');
    await bus.advance(60_000);
    await rejected;
    await expect(bus.nextSent(["user", 7], { within: 5 })).rejects.toThrow('["user",7] within 5 ms');
    await bus.close();
  });

  it("refuses what it does not know, and a move of a clock that is not its own", async () => {
    expect(() => fakeBus({ store: 1 } as never)).toThrow('a fake bus has no option "store"');
    const bus = new FakeBus({ clock: fakeClock() });
    await expect(bus.advance(1)).rejects.toThrow("this fake bus was given a clock: move that one");
    // @ts-expect-error a channel that the bus does not have
    expect(() => fakeBus<Shop>().expectSent("order")).toThrow();
    // @ts-expect-error a message that its channel does not carry
    expect(() => fakeBus<Shop>().expectSent("orders", { sum: 1 })).toThrow();
    await bus.close();
  });
});

function fakeClock() {
  return { now: () => 1, monotonic: () => 1, base: () => 1, setTimeout: () => 1, clearTimeout: () => {} };
}
