import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { gate } from "../../support/doubles.ts";
import { AWAY, byId, changesOf, fold, GRACE, pass, TestNode, turns } from "./node.ts";
import { SharedLog } from "./shared-log.ts";

const WALL = 1_700_000_000_000;

function cluster(count: number, replayed?: number): { log: SharedLog; nodes: TestNode[] } {
  let nodes: TestNode[] = [];
  const log = new SharedLog(() => nodes[0]?.clock.now() ?? WALL, replayed);
  nodes = Array.from({ length: count }, () => new TestNode(log));
  return { log, nodes };
}

/** Runs work before each commit of a node whose rows have this text. */
function beforeCommits(node: TestNode, text: string, work: () => Promise<unknown>): void {
  const store = node.store as { append: TestNode["store"]["append"] };
  const { append } = store;
  store.append = async (sends) => {
    if (JSON.stringify(sends).includes(text)) await work();
    return append(sends);
  };
}

const ids = (node: TestNode, channel = "room"): readonly unknown[] =>
  node.here
    .of(channel)
    .map(({ id }) => id)
    .sort();

describe("presence over several nodes", () => {
  it("takes up a member that came to a stopped node while the drop of that node was on its way", async () => {
    const { nodes } = cluster(2);
    const [stopped, judge] = nodes as [TestNode, TestNode];
    await pass(nodes, 200);
    stopped.connect("ann", ["room"]);
    await pass(nodes, 3_000);
    let isOver = false;
    beforeCommits(judge, "drop", async () => {
      if (isOver) return;
      isOver = true;
      await stopped.goOn();
      stopped.connect("bob", ["room"]);
      await pass([stopped], 200); // the row of bob commits first
    });
    stopped.stop();
    await pass(nodes, GRACE * 5);
    assert.ok(isOver);
    assert.equal(judge.here.status("bob"), "online");
    assert.deepEqual(
      nodes.map((node) => ids(node)),
      [
        ["ann", "bob"],
        ["ann", "bob"],
      ],
    );
  });

  it("keeps for the grace also a member whose join was being committed when its node closed", async () => {
    const { log, nodes } = cluster(2);
    const [closing, other] = nodes as [TestNode, TestNode];
    await pass(nodes, 200);
    const held = gate();
    beforeCommits(closing, "ann", () => held.promise);
    closing.connect("ann", ["room"]);
    await pass(nodes, 100); // the join is on its way
    const closed = closing.bus.close();
    closing.state = "killed";
    held.resolve();
    await closed;
    await pass([other], 500);
    assert.deepEqual(ids(other), ["ann"]);
    assert.equal(changesOf(log, "room", 0).length, 1);
  });

  it("shows a member of one node on all of them, with one row of changes", async () => {
    const { log, nodes } = cluster(3);
    await pass(nodes, 200);
    nodes[0]!.connect("ann", ["room"]);
    await pass(nodes, 200);
    for (const node of nodes) {
      assert.deepEqual(node.here.of("room"), [
        { id: "ann", info: { name: "ann" }, status: "online", since: WALL + 200 },
      ]);
      assert.equal(node.here.status("ann"), "online");
    }
    assert.equal(changesOf(log, "room", 0).length, 1);
  });

  it("has one member for several connections, and lets it leave a grace after the last", async () => {
    const { log, nodes } = cluster(2);
    await pass(nodes, 200);
    const tabs = [
      nodes[0]!.connect("ann", ["room"]),
      nodes[0]!.connect("ann", ["room"]),
      nodes[1]!.connect("ann", ["room"]),
    ];
    await pass(nodes, GRACE * 2);
    for (const tab of tabs) tab.leave();
    await pass(nodes, GRACE - 200);
    assert.deepEqual(ids(nodes[0]!), ["ann"]);
    await pass(nodes, 400);
    assert.deepEqual(
      nodes.map((node) => ids(node)),
      [[], []],
    );
    const changes = changesOf(log, "room", 0);
    assert.deepEqual(fold([], changes).size, 0);
    assert.ok(changes.length <= 3, `one join and one leave, or a correction: ${JSON.stringify(changes)}`);
  });

  it("sends nothing when a member moves to another node within the grace", async () => {
    const { log, nodes } = cluster(2);
    await pass(nodes, 200);
    const first = nodes[0]!.connect("ann", ["room"]);
    await pass(nodes, 500);
    const before = changesOf(log, "room", 0).length;
    first.leave();
    await pass(nodes, GRACE - 500);
    nodes[1]!.connect("ann", ["room"]);
    await pass(nodes, GRACE * 3);
    assert.equal(changesOf(log, "room", 0).length, before);
    assert.deepEqual(ids(nodes[0]!), ["ann"]);
  });

  it("drops the members of a killed node within the grace", async () => {
    const { nodes } = cluster(3);
    await pass(nodes, 200);
    nodes[0]!.connect("ann", ["room"]);
    nodes[1]!.connect("bob", ["room"]);
    await pass(nodes, 5_000);
    nodes[0]!.kill();
    await pass(nodes, 2_000);
    assert.deepEqual(ids(nodes[1]!), ["ann", "bob"]);
    await pass(nodes, GRACE - 2_000);
    assert.deepEqual(ids(nodes[1]!), ["bob"]);
    assert.deepEqual(ids(nodes[2]!), ["bob"]);
    assert.equal(nodes[1]!.here.status("ann"), "offline");
  });

  it("drops them also if only a node without members is left", async () => {
    const { nodes } = cluster(2);
    await pass(nodes, 200);
    nodes[0]!.connect("ann", ["room"]);
    await pass(nodes, 5_000);
    nodes[0]!.kill();
    await pass(nodes, GRACE + 100);
    assert.deepEqual(ids(nodes[1]!), []);
  });

  it("takes up the members of a stopped node that goes on", async () => {
    const { log, nodes } = cluster(2);
    await pass(nodes, 200);
    nodes[0]!.connect("ann", ["room"]);
    await pass(nodes, 3_000);
    nodes[0]!.stop();
    await pass(nodes, GRACE * 5);
    assert.deepEqual(ids(nodes[1]!), []);
    await nodes[0]!.goOn();
    await pass(nodes, GRACE);
    assert.deepEqual(
      nodes.map((node) => ids(node)),
      [["ann"], ["ann"]],
    );
    assert.deepEqual(fold([], changesOf(log, "room", 0)), byId(nodes[1]!.here.of("room")));
  });

  it("drops nobody because the judge was stopped, or the store was down for all", async () => {
    const { log, nodes } = cluster(3);
    await pass(nodes, 200);
    for (const [at, node] of nodes.entries()) node.connect(`m${at}`, ["room"]);
    await pass(nodes, 3_000);
    const before = changesOf(log, "room", 0).length;
    nodes[0]!.stop();
    await pass([nodes[0]!], GRACE * 10); // the others stand still too
    await nodes[0]!.goOn();
    await pass(nodes, GRACE * 2);
    for (const node of nodes) log.cut(node.store, true);
    await pass(nodes, GRACE * 10);
    for (const node of nodes) log.cut(node.store, false);
    await pass(nodes, GRACE * 10);
    assert.equal(changesOf(log, "room", 0).length, before);
    assert.deepEqual(ids(nodes[2]!), ["m0", "m1", "m2"]);
    for (const node of nodes) assert.equal(node.errors.length, 1, "one error for one outage");
  });

  it("drops nobody whose store comes back later than the judge's", async () => {
    const { log, nodes } = cluster(2);
    await pass(nodes, 200);
    for (const [at, node] of nodes.entries()) node.connect(`m${at}`, ["room"]);
    for (const delay of [0, 300, 900, 1_500]) {
      await pass(nodes, 5_000 + delay);
      for (const node of nodes) log.cut(node.store, true);
      await pass(nodes, GRACE * 4 + delay);
      const before = changesOf(log, "room", 0).length;
      for (const node of nodes) log.cut(node.store, false);
      await pass(nodes, GRACE * 3);
      assert.equal(changesOf(log, "room", 0).length, before, `${delay}`);
    }
  });

  it("tells a node that opens who is there, and keeps what a closed node had for the grace", async () => {
    const { log, nodes } = cluster(2, 3);
    await pass(nodes, 200);
    nodes[0]!.connect("ann", ["room"]);
    nodes[1]!.connect("bob", ["room"]);
    await pass(nodes, 30_000);
    const third = new TestNode(log, nodes[0]!.clock.wall);
    nodes.push(third);
    await pass(nodes, 300);
    await third.here.ready();
    assert.deepEqual(ids(third), ["ann", "bob"]);
    const before = changesOf(log, "room", 0).length;
    nodes[0]!.state = "killed";
    await nodes[0]!.bus.close();
    await pass(nodes, GRACE / 2);
    assert.deepEqual(ids(third), ["ann", "bob"]);
    third.connect("ann", ["room"]);
    await pass(nodes, GRACE * 3);
    assert.equal(changesOf(log, "room", 0).length, before);
  });

  it("keeps the members over a restart of the only process, and lets those leave that do not come back", async () => {
    const { log, nodes } = cluster(1, 10);
    await pass(nodes, 200);
    nodes[0]!.connect("ann", ["room"]);
    nodes[0]!.connect("bob", ["room"]);
    await pass(nodes, 30_000);
    nodes[0]!.state = "killed";
    await nodes[0]!.bus.close();
    const again = new TestNode(log, nodes[0]!.clock.wall);
    nodes.push(again);
    await pass(nodes, 300);
    await again.here.ready();
    assert.deepEqual(ids(again), ["ann", "bob"]);
    again.connect("ann", ["room"]);
    await pass(nodes, GRACE - 1_000);
    assert.deepEqual(ids(again), ["ann", "bob"]);
    await pass(nodes, 2_000);
    assert.deepEqual(ids(again), ["ann"]);
    assert.deepEqual(fold([], changesOf(log, "room", 0)), byId(again.here.of("room")));
  });

  it("knows the members of a process that was killed alone, however long ago they came", async () => {
    const { log, nodes } = cluster(1, 200);
    await pass(nodes, 200);
    nodes[0]!.connect("ann", ["room"]);
    await pass(nodes, 40 * 60_000, 500);
    nodes[0]!.kill();
    const again = new TestNode(log, nodes[0]!.clock.wall);
    nodes.push(again);
    await pass(nodes, 3_000);
    assert.deepEqual(ids(again), ["ann"]);
    await pass(nodes, GRACE);
    assert.deepEqual(ids(again), []);
    assert.deepEqual(fold([], changesOf(log, "room", 0)).size, 0);
  });

  it("knows them also if their rows had to make room for many others", async () => {
    const { log, nodes } = cluster(1, 2_500);
    await pass(nodes, 200);
    nodes[0]!.connect("ann", ["room"]);
    const busy = nodes[0]!.connect("bob", []);
    for (let turn = 0; turn < 1_500; turn += 1) {
      busy.change([`room ${turn}`]);
      await pass(nodes, 100, 100);
    }
    nodes[0]!.kill();
    const again = new TestNode(log, nodes[0]!.clock.wall);
    nodes.push(again);
    await pass(nodes, 3_000 + GRACE);
    assert.deepEqual(fold([], changesOf(log, "room", 0)).size, 0);
  });

  it("makes a member away by the clock, on all nodes, once all its devices are inactive", async () => {
    const { nodes } = cluster(2);
    await pass(nodes, 200);
    const phone = nodes[0]!.connect("ann", ["room"]);
    const desk = nodes[1]!.connect("ann", ["room"]);
    await pass(nodes, 200);
    phone.report(AWAY - 1_000);
    desk.report(0);
    await pass(nodes, 2_000);
    assert.equal(nodes[0]!.here.status("ann"), "online");
    await pass(nodes, AWAY, 500);
    for (const node of nodes) {
      assert.equal(node.here.status("ann"), "away");
      assert.equal(node.here.of("room")[0]!.status, "away");
    }
    phone.report(0);
    await pass(nodes, 200);
    assert.equal(nodes[1]!.here.status("ann"), "online");
    await turns();
  });
});
