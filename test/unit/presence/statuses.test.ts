import assert from "node:assert/strict";
import { Bus, type BusError } from "nightbus";
import { type MemberId, presence, type Status } from "nightbus/presence";
import { fakeBus } from "nightbus/testing";
import { describe, it } from "vitest";
import { z } from "zod";
import { AWAY, GRACE, pass, statusesOf, TestNode, turns } from "./node.ts";
import { SharedLog } from "./shared-log.ts";

function cluster(count: number) {
  const nodes: TestNode[] = [];
  const log: SharedLog = new SharedLog(() => nodes[0]?.clock.monotonic() ?? 0);
  while (nodes.length < count) nodes.push(new TestNode(log));
  return { log, nodes: nodes as unknown as readonly [TestNode, TestNode, TestNode] };
}

describe("the entries of statusTo", () => {
  it("tell once when a member comes, is away, comes back and goes, in the send of the change", async () => {
    const { log, nodes } = cluster(3);
    const [first, second] = nodes;
    await pass(nodes, 300);
    const tab = first.connect("ann", ["room"]);
    await pass(nodes, 200);
    const phone = second.connect("ann", ["hall"]);
    await pass(nodes, 200);
    assert.deepEqual(statusesOf(log), [["ann", "online"]]);
    tab.report(0);
    phone.report(AWAY - 1_000);
    await pass(nodes, 5_000);
    assert.equal(statusesOf(log).length, 1, "one of the devices is active");
    tab.report(AWAY * 2);
    await pass(nodes, AWAY);
    assert.deepEqual(statusesOf(log).slice(1), [["ann", "away"]]);
    phone.report(0);
    await pass(nodes, 200);
    tab.leave();
    await pass(nodes, GRACE * 2);
    assert.deepEqual(statusesOf(log).slice(2), [["ann", "online"]]);
    phone.leave();
    await pass(nodes, GRACE * 2);
    assert.deepEqual(statusesOf(log).slice(3), [["ann", "offline"]]);
    const told = log.rows.filter(({ key }) => key === '"status"');
    for (const { send } of told) assert.equal(log.rows.find(({ id }) => id === send)?.key, '["nightbus.presence"]');
  });

  it("tell of the end of a killed node's members, once", async () => {
    const { log, nodes } = cluster(3);
    await pass(nodes, 300);
    nodes[0].connect("ann", ["room"]);
    nodes[1].connect("bob", []);
    await pass(nodes, 200);
    nodes[0].kill();
    nodes[1].kill();
    await pass(nodes, GRACE * 3);
    const ended = statusesOf(log).filter(([, status]) => status === "offline");
    assert.deepEqual(ended.map(([id]) => id).sort(), ["ann", "bob"]);
  });

  it("tell of the end of members of a process that was killed, after the next one opened", async () => {
    const { log, nodes } = cluster(1);
    await pass(nodes, 300);
    nodes[0].connect("ann", []);
    await pass(nodes, 200);
    nodes[0].kill();
    const next = new TestNode(log);
    await pass([nodes[0], next], GRACE * 4);
    assert.deepEqual(statusesOf(log).at(-1), ["ann", "offline"]);
  });

  it("tell of an end that two nodes each took for the other's", async () => {
    const { log, nodes } = cluster(2);
    await pass(nodes, 300);
    const connections = nodes.map((node) => node.connect("ann", []));
    await pass(nodes, 200);
    for (const each of connections) each.leave();
    await pass(nodes, GRACE * 2);
    assert.deepEqual(new Map(statusesOf(log)).get("ann"), "offline");
    assert.ok(statusesOf(log).length <= 3);
  });

  it.each([
    ["throws", () => assert.fail("no database")],
    ["returns nothing", () => undefined],
    ["returns a promise that rejects", () => Promise.reject(new Error("no database"))],
    ["sends on a channel of presence", () => [[["presence", "room"], 1]]],
    ["sends what is no channel", () => [[[], 1]]],
    ["sends too much", () => [["a", "x".repeat(70_000)]]],
    ["sends too many", () => Array.from({ length: 101 }, () => ["a", 1])],
  ])("are left out and reported if the function %s, and the member joins", async (_, statusTo) => {
    const bus = fakeBus();
    const errors: Error[] = [];
    bus.on("error", (error) => errors.push(error));
    const here = presence(bus, { member: () => ({ id: 3 }), statusTo: statusTo as never });
    here.join({ id: 3 }, ["room"]);
    await bus.advance(60_000);
    assert.equal(here.of("room").length, 1);
    assert.deepEqual(
      errors.map(({ message }) => message),
      ["presence sends no entries for member 3: statusTo failed"],
    );
    await bus.close();
  });

  it("obey the contract of the bus, and what breaks it or waits is told of and left out", async () => {
    const status = z.object({ status: z.enum(["online", "away"]).transform((word) => `is ${word}`) });
    const bus = new Bus({ channels: { good: status, bad: z.number(), slow: z.string().refine(async () => true) } });
    const errors: unknown[] = [];
    bus.on("error", ({ cause }) => errors.push((cause as BusError).code));
    const told: Readonly<Record<string, unknown>> = { good: { status: "online" }, bad: "text", slow: "text", none: 1 };
    const statusTo = (id: MemberId) => [[id, told[id]]] as never;
    const here = presence(bus, { member: (): undefined => undefined, statusTo });
    for (const id of ["bad", "slow", "none", "good"]) here.join({ id }, []);
    await here.ready();
    while ((await bus.recent(["good"], 1)).length === 0) await turns(1);
    assert.deepEqual(
      (await bus.recent(["good", "bad", "slow"], 9)).map(({ message }) => message),
      [{ status: "is online" }],
    );
    assert.deepEqual(errors.sort(), ["bad_channel", "bad_message", "bad_message"]);
    await bus.close();
  });

  it("are typed by the bus, emit notifications, and are refused unless they are a function", async () => {
    const bus = new Bus<{ "res.partner": { status: Status } }>();
    const heard: unknown[] = [];
    bus.on("notification", ({ channel, message }) => heard.push([channel, message]));
    const wrong = (id: MemberId) => [[["res.partner", id], 1]] as const;
    // @ts-expect-error a message that does not fit its channel
    assert.throws(() => presence(bus, { member: () => undefined, away: -1, statusTo: wrong }), { code: "bad_option" });
    assert.throws(() => presence(bus, { member: () => undefined, statusTo: [] as never }), { code: "bad_option" });
    const statusTo = (id: MemberId, status: Status) => [[["res.partner", id], { status }]] as const;
    const here = presence(bus, { member: () => ({ id: 3 }), statusTo });
    here.join({ id: 3 }, []);
    await here.ready();
    while (heard.length === 0) await turns(1);
    assert.deepEqual(heard, [[["res.partner", 3], { status: "online" }]]);
    await bus.close();
  });
});
