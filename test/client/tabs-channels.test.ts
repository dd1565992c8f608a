import assert from "node:assert/strict";
import { describe, it, vi } from "vitest";
import { Lab } from "./lab.ts";
import { FakeMount } from "./mount.ts";
import { start, useFakeTime, wait } from "./start.ts";

useFakeTime();

const TRANSPORTS = ["events", "poll"] as const;
const ENDS = ["close", "crash", "delete"] as const;

describe("the channels of tabs that share a connection", () => {
  it.each(TRANSPORTS.flatMap((transport) => ENDS.map((end) => [end, transport] as const)))(
    "are read no longer once nobody needs them: %s, %s",
    async (end, transport) => {
      const mount = new FakeMount();
      const lab = new Lab(mount);
      const one = lab.open({ transport });
      await wait(10);
      const two = lab.open({ channels: ["a", "b"], transport });
      await wait(10);
      assert.deepEqual(mount.reading, [["a", "b"]]);
      if (end === "close") two.bus.close();
      else if (end === "crash") two.crash();
      else two.bus.deleteChannel("b");
      await wait(2_000);
      assert.deepEqual(mount.reading, [["a"]]);
      mount.send("a", "b");
      await wait(10);
      assert.deepEqual([one.ids, two.ids], [[101], end === "delete" ? [101] : []]);
      one.bus.close();
      two.bus.close();
    },
  );

  it("are read no longer after a pagehide, and again after the pageshow", async () => {
    const mount = new FakeMount();
    const lab = new Lab(mount);
    const [one, two] = [lab.open(), lab.open({ channels: ["b"] })];
    for (let round = 0; round < 2; round += 1) {
      await wait(2_000);
      assert.deepEqual(mount.reading, [["a", "b"]]);
      two.window.dispatchEvent(new Event("pagehide"));
      await wait(2_000);
      assert.deepEqual(mount.reading, [["a"]]);
      two.window.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
    }
    one.bus.close();
    two.bus.close();
  });

  it("cost one more request at most if one follows another", async () => {
    const mount = new FakeMount();
    const lab = new Lab(mount);
    const [one, two] = [lab.open(), lab.open({ channels: ["b"] })];
    await wait(2_000);
    const before = mount.asked.length;
    two.bus.addChannel("c");
    await wait(10);
    two.bus.deleteChannel("b");
    await wait(2_000);
    two.bus.deleteChannel("c");
    await wait(100);
    two.bus.addChannel("c");
    await wait(2_000);
    assert.deepEqual(mount.asked.slice(before), [
      "GET events?channels=a&channels=b&channels=c&last=100",
      "GET events?channels=a&channels=c&last=100",
    ]);
    one.bus.close();
    two.bus.close();
  });

  it("cost one request if a tab alone goes from one to the next", async () => {
    const { mount, bus, ids } = start();
    await wait(10);
    bus.deleteChannel("a");
    mount.send("a");
    await wait(500);
    bus.addChannel("b");
    await wait(10);
    mount.send("a", "b");
    await wait(2_000);
    assert.deepEqual(mount.asked, ["GET events?channels=a", "GET events?channels=b&last=101"]);
    assert.deepEqual(ids, [103]);
    bus.close();
  });

  it("are read no longer after a crash, though the leader of before is suspended", async () => {
    let random = 0;
    vi.spyOn(Math, "random").mockImplementation(() => {
      random = (random + 0.137) % 1; // no two tabs take the lock at once
      return random;
    });
    const mount = new FakeMount();
    const lab = new Lab(mount);
    const one = lab.open();
    await wait(10);
    const others = ["b", "c"].map((name) => lab.open({ channels: [name] }));
    await wait(10);
    one.freeze();
    await wait(40_000);
    const leader = others.find(({ asked }) => asked.length > 0)!;
    const other = others.find((tab) => tab !== leader)!;
    assert.match(leader.asked.at(-1)!, /channels=b&channels=c/);
    other.crash();
    await wait(2_000);
    assert.match(leader.asked.at(-1)!, leader === others[0] ? /channels=b&last/ : /channels=c&last/);
    assert.doesNotMatch(leader.asked.at(-1)!, leader === others[0] ? /channels=c/ : /channels=b/);
    for (const { bus } of [one, ...others]) bus.close();
  });

  it("come back with nothing lost if the leader takes a tab for gone whose lock comes late", async () => {
    const mount = new FakeMount();
    let late = 0;
    const lab = new Lab(
      mount,
      () => 5,
      () => late,
    );
    const one = lab.open();
    await wait(50);
    late = 3_000;
    const two = lab.open({ channels: ["b"], last: 100 });
    late = 0;
    const sent: number[] = [];
    for (let passed = 0; passed < 6_000; passed += 100) {
      sent.push(...mount.send("b"));
      mount.heartbeat(); // lets the leader speak, and the tab answer, before it has its lock
      await wait(100);
    }
    await wait(1_000);
    assert.ok(one.asked.filter((asked) => !asked.includes("channels=b")).length > 1); // the leader did so
    assert.deepEqual([one.ids, two.ids], [[], sent]);
    const before = mount.asked.length;
    await wait(10_000);
    assert.deepEqual([mount.asked.length, mount.reading], [before, [["a", "b"]]]);
    one.bus.close();
    two.bus.close();
  });

  it("may be names that the server adds, which a tab keeps though another tab asks for them later", async () => {
    const mount = new FakeMount();
    mount.added = ["news", ["user", 7]];
    const lab = new Lab(mount);
    const one = lab.open();
    await wait(10);
    mount.send("news", ["user", 7]);
    await wait(10);
    const two = lab.open({ channels: ["news", "b"] });
    await wait(10);
    mount.send("news", ["user", 7], "b");
    await wait(10);
    assert.deepEqual(
      [one.ids, two.ids],
      [
        [101, 102, 103, 104],
        [103, 104, 105],
      ],
    );
    one.bus.close();
    two.bus.close();
  });
});
