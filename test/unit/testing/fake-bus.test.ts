import { Bus, type ChannelOf } from "nightbus";
import { mount } from "nightbus/fetch";
import { FakeBus, fakeBus } from "nightbus/testing";
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";

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

  it("goes wherever a bus of its channels goes, also where the channels are inferred", async () => {
    const bus = fakeBus<Shop>();
    const typed = (given: Bus<Shop>): number => given.last;
    const generic = <C extends object>(given: Bus<C>, channel: ChannelOf<C>): unknown => [given, channel];
    expect(typed(bus)).toBe(0);
    generic(bus, "orders");
    // @ts-expect-error a channel that the bus does not have
    generic(bus, "order");
    mount(bus, { channels: (asked) => [...asked, ["user", 7]] });
    mount(fakeBus(), { channels: (asked) => [...asked, ["user", 7]] });
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

  it("does not show what a listener receives during a send of any kind", async () => {
    const bus = fakeBus<Shop>();
    let received = 0;
    bus.on("notification", ({ channel }) => {
      if (channel !== "orders") return;
      received += 1;
      bus.receive("mail", { to: "ann" });
    });
    await bus.sendone("orders", { total: 1 });
    await bus.sendone("orders", { total: 2 }, { key: "two" });
    void bus.sendwithin({}, [["orders", { total: 3 }]]);
    await bus.settled();
    bus.expectNotSent("mail");
    expect([received, bus.sent.on("orders").count]).toEqual([3, 3]);
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

  it("freezes them before the first listener, and has no listeners of its own that one could count or remove", async () => {
    const bus = fakeBus<Shop>();
    expect(bus.eventNames()).toEqual([]);
    bus.removeAllListeners();
    const frozen: boolean[] = [];
    bus.prependListener("notification", ({ message }) => frozen.push(Object.isFrozen(message)));
    await bus.sendone("orders", { total: 1 });
    expect(frozen).toEqual([true]);
    await bus.close();
  });

  it("has noted what was sent before listeners hear of it", async () => {
    const bus = fakeBus<Shop>();
    const counts: number[] = [];
    bus.on("notification", () => counts.push(bus.sent.count));
    await bus.sendone("orders", { total: 1 });
    bus.receive("orders", { total: 2 });
    expect(counts).toEqual([1, 1]);
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

  it("restarts into another life also by a clock of the test's", async () => {
    const bus = fakeBus<Shop>({ clock: new ManualClock() });
    const ids: number[] = [];
    for (const total of [1, 2, 3]) ids.push(await bus.sendone("orders", { total }));
    bus.restart();
    for (const id of ids) expect((await bus.poll(["orders"], id, 0)).missed).toBe(true);
    await bus.close();
  });

  it("is as new after a reset", async () => {
    const bus = fakeBus<Shop>({ now: 5_000 });
    await bus.sendone("orders", { total: 1 });
    bus.restart();
    await bus.sendone("mail", { to: "ann" });
    bus.fail("orders");
    await bus.advance(1_000);
    const next = bus.nextSent("mail");
    bus.reset();
    await expect(next).rejects.toThrow("the bus was reset");
    expect([bus.last, bus.sent]).toEqual([0, []]);
    expect(await bus.poll(["orders"], 0, 0)).toEqual([]);
    expect(await bus.recent(["mail"], 5)).toEqual([]);
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

  it("waits as long as it is told, and no longer than the bus is open", async () => {
    const bus = fakeBus<Shop>();
    const next = bus.nextSent("orders", { within: Number.POSITIVE_INFINITY });
    const never = bus.nextSent("mail", { within: 2 ** 40 });
    await new Promise((resolve) => setTimeout(resolve, 5));
    await bus.sendone("orders", { total: 1 });
    expect((await next).id).toBe(1);
    const rejected = expect(never).rejects.toThrow('expected a send on "mail", but the bus was closed');
    await bus.close();
    await rejected;
    await expect(bus.nextSent("orders")).rejects.toMatchObject({ code: "closed" });
  });

  it("shows what was sent after its end, and lets nothing more happen", async () => {
    const bus = fakeBus<Shop>();
    await bus.sendone("orders", { total: 1 });
    await bus.close();
    bus.expectSent("orders", { total: 1 });
    for (const late of [
      () => bus.receive("orders", { total: 2 }),
      () => bus.trim("orders"),
      () => bus.restart(),
      () => bus.reset(),
    ]) {
      expect(late).toThrow(expect.objectContaining({ code: "closed" }));
    }
    await bus.advance(1_000);
    expect([bus.last, bus.sent.count]).toEqual([1, 1]);
  });

  it.each([Number.NaN, -1, "5", Number.POSITIVE_INFINITY])("refuses %s as a time to move on", async (ms) => {
    const bus = fakeBus<Shop>();
    await expect(bus.advance(ms as never)).rejects.toMatchObject({ code: "bad_option" });
    void bus.poll(["orders"], 0, 10);
    await bus.settled();
    expect(bus.parked).toMatchObject([{ deadline: 1_700_000_000_010 }]);
    await bus.close();
  });

  it("refuses arguments that say nothing, or not what was meant", async () => {
    for (const now of [Number.NaN, "5", new Date()]) {
      expect(() => fakeBus({ now: now as never })).toThrow("now must be a number of ms since 1970, got");
    }
    expect(() => fakeBus({ now: 5, clock: fakeClock() })).toThrow("either now or a clock");
    const bus = fakeBus<Shop>();
    for (const within of [Number.NaN, -1, "5"] as never[]) {
      await expect(bus.nextSent("orders", { within })).rejects.toMatchObject({ code: "bad_option" });
    }
    await expect(bus.nextSent("orders", { witin: 5 } as never)).rejects.toThrow('nextSent has no option "witin"');
    await expect(bus.nextSent("" as never)).rejects.toMatchObject({ code: "bad_channel" });
    expect(() => bus.expectSent("orders", {}, { time: 1 } as never)).toThrow('expectSent has no option "time"');
    expect(() => bus.expectSent("orders", {}, { times: -1 })).toThrow("times must be an integer from 0 up, got -1");
    expect(() => bus.expectOrder("orders" as never)).toThrow('channels must be a list of channels, got "orders"');
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
