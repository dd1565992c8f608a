import assert from "node:assert/strict";
import type { Bus } from "nightbus";
import { type Member, type MemberId, type PresenceChange, presence, type Status } from "nightbus/presence";
import { describe, it } from "vitest";
import { until } from "../../../src/testing/conformance/bus/topic.ts";
import type { BusFactory, Runner } from "../../../src/testing/conformance/bus.ts";

/** The grace of these tests, in ms. A beat is a quarter of it. */
const GRACE = 2_000;

/** Tests that processes over one engine agree on who is there. */
export function testPresence(name: string, factory: BusFactory, within: Runner["describe"] = describe): void {
  within(`presence ${name}`, () => {
    it("has one list on all nodes, to which a reader comes from any list, and drops what was killed", async () => {
      const place = await factory.place();
      const nodes = [place.open({}), place.open({})].map(withPresence);
      try {
        for (const { here } of nodes) await here.ready();
        const [one, other] = [nodes[0]!, nodes[1]!];
        const first = { last: one.bus.last, list: one.here.of("room") };
        one.here.join({ id: "ann", info: 1 }, ["room"]);
        other.here.join({ id: "ann", info: 1 }, ["room"]);
        const bob = other.here.join({ id: "bob", info: 2 }, ["room"]);
        await until(() => nodes.every(({ here }) => here.of("room").length === 2), "both nodes have both members");
        const third = withPresence(place.open({}));
        nodes.push(third);
        await third.here.ready();
        await until(() => third.here.of("room").length === 2, "a node that opens has them too");
        bob.leave();
        await other.bus.close();
        await until(() => ids(third.here.of("room")) === "ann", "the member of a closed node has gone");
        await until(() => ids(one.here.of("room")) === "ann", "on all nodes");
        await until(() => one.bus.last === third.bus.last, "both have read the same");
        const changes = await one.bus.poll([["presence", "room"]], first.last, 0);
        const messages = changes.map(({ message }) => message as PresenceChange); // nothing else is sent there
        assert.deepEqual(fold(first.list, messages), fold(one.here.of("room"), []));
        assert.deepEqual(fold(third.here.of("room"), []), fold(one.here.of("room"), []));
        const told = await one.bus.poll(["status"], first.last, 0);
        const newest = new Map(told.map(({ message }) => message as readonly [string, string])); // statusTo below sends them
        assert.deepEqual(Object.fromEntries(newest), { ann: "online", bob: "offline" });
      } finally {
        for (const { bus } of nodes) await bus.close();
        await place.remove?.();
      }
    });
  });
}

function withPresence(bus: Bus) {
  const statusTo = (id: MemberId, status: Status) => [["status", [id, status]]] as const;
  return { bus, here: presence(bus, { member: (): undefined => undefined, grace: GRACE, statusTo }) };
}

function ids(list: readonly Member[]): string {
  return list.map(({ id }) => id).join();
}

function fold(list: readonly Member[], messages: readonly PresenceChange[]): ReadonlyMap<unknown, Member> {
  const members = new Map(list.map((member) => [member.id, member]));
  for (const { joins, leaves, changes } of messages) {
    for (const member of [...joins, ...changes]) members.set(member.id, member);
    for (const id of leaves) members.delete(id);
  }
  return members;
}
