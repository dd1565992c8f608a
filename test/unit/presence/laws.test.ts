import assert from "node:assert/strict";
import fc from "fast-check";
import type { Connection, Member } from "nightbus/presence";
import { describe, it } from "vitest";
import { AWAY, byId, changesOf, fold, GRACE, pass, statusesOf, TestNode, turns } from "./node.ts";
import { SharedLog } from "./shared-log.ts";

const CHANNELS = ["room", "hall"];
const MEMBERS = ["ann", "bob", "cid"];
const MOST_NODES = 4;

type Step =
  | { readonly do: "open" }
  | { readonly do: "connect"; readonly node: number; readonly member: number; readonly channels: readonly number[] }
  | { readonly do: "change"; readonly which: number; readonly channels: readonly number[] }
  | { readonly do: "leave"; readonly which: number }
  | { readonly do: "report"; readonly which: number; readonly ms: number }
  | { readonly do: "pass"; readonly ms: number }
  | { readonly do: "clock"; readonly node: number; readonly ms: number }
  | { readonly do: "kill" | "stop" | "go" | "cut" | "mend" | "lag" | "catch"; readonly node: number };

const node = fc.nat(MOST_NODES - 1);
const channels = fc.array(fc.nat(CHANNELS.length - 1), { maxLength: 2 });
const which = fc.nat(100);

function step<T extends Step["do"]>(name: T, fields: object = {}): fc.Arbitrary<Step> {
  return fc.record({ do: fc.constant(name), ...fields }) as unknown as fc.Arbitrary<Step>; // each call fits one of them
}

function steps(faults: readonly fc.Arbitrary<Step>[]): fc.Arbitrary<readonly Step[]> {
  const usual = [
    step("connect", { node, member: fc.nat(MEMBERS.length - 1), channels }),
    step("connect", { node, member: fc.nat(MEMBERS.length - 1), channels }),
    step("leave", { which }),
    step("leave", { which }),
    step("change", { which, channels }),
    step("report", { which, ms: fc.constantFrom(0, AWAY - 3_000, AWAY * 2) }),
    step("pass", { ms: fc.constantFrom(10, 60, 500, GRACE / 4, GRACE, GRACE * 2) }),
    step("pass", { ms: fc.constantFrom(10, 60, 500, GRACE / 4, GRACE, GRACE * 2) }),
  ];
  return fc.array(fc.oneof(...usual, ...faults), { maxLength: 40, size: "max" });
}

const FAULTS = (["stop", "go", "cut", "mend", "lag", "catch"] as const).map((name) => step(name, { node }));
const CLOCKS = step("clock", { node, ms: fc.constantFrom(-3_600_000, 3_600_000) });

/** A list that a reader was given, and its position. */
interface Seen {
  readonly node: TestNode;
  readonly channel: string;
  readonly last: number;
  readonly list: readonly Member[];
}

interface Open {
  readonly node: TestNode;
  readonly member: string;
  readonly connection: Connection;
  channels: readonly string[];
}

/** Plays steps on a cluster, and holds the laws against a naive list of what is connected. */
class Play {
  readonly log: SharedLog;
  readonly nodes: TestNode[] = [];
  readonly seen: Seen[] = [];
  #open: Open[] = [];

  constructor(replayed: number, kept: number) {
    this.log = new SharedLog(() => this.nodes[0]?.clock.monotonic() ?? 0, replayed, kept);
    this.nodes.push(new TestNode(this.log), new TestNode(this.log));
  }

  async run(given: readonly Step[]): Promise<void> {
    await pass(this.nodes, 300);
    for (const one of given) {
      await this.#do(one);
      await turns(3);
      await this.#observe();
    }
    for (const each of this.nodes) await this.#heal(each);
    await pass(this.nodes, GRACE * 4, 100);
    await this.#observe();
    this.#check();
    for (const each of this.nodes) if (each.state !== "killed") await each.bus.close();
  }

  async #heal(each: TestNode): Promise<void> {
    if (each.state === "stopped") await each.goOn();
    this.log.cut(each.store, false);
    this.log.go(each.store);
  }

  async #do(one: Step): Promise<void> {
    switch (one.do) {
      case "open":
        if (this.nodes.length < MOST_NODES) this.nodes.push(new TestNode(this.log));
        return;
      case "pass":
        return pass(this.nodes, one.ms);
      case "leave":
      case "report":
      case "change":
        return this.#use(one);
      default:
        return this.#at(one);
    }
  }

  #use(one: Step & { readonly do: "leave" | "report" | "change" }): void {
    const running = this.#open.filter((each) => each.node.state === "runs");
    const open = running[one.which % Math.max(1, running.length)];
    if (open === undefined) return;
    if (one.do === "report") open.connection.report(one.ms);
    else if (one.do === "change") {
      open.channels = one.channels.map((at) => CHANNELS[at]!);
      open.connection.change(open.channels);
    } else {
      open.connection.leave();
      this.#open = this.#open.filter((each) => each !== open);
    }
  }

  async #at(one: Exclude<Step, { readonly do: "open" | "pass" | "leave" | "report" | "change" }>): Promise<void> {
    const each = this.nodes[one.node];
    if (each === undefined || each.state === "killed") return;
    if (one.do === "go" && each.state === "stopped") return each.goOn();
    if (each.state === "stopped") return;
    switch (one.do) {
      case "connect": {
        const [member, list] = [MEMBERS[one.member]!, one.channels.map((at) => CHANNELS[at]!)];
        const connection = each.connect(member, list, `${member} ${this.#open.length % 2}`);
        this.#open.push({ node: each, member, connection, channels: list });
        return;
      }
      case "clock":
        each.clock.wall += one.ms;
        return;
      case "stop":
        return each.stop();
      case "kill":
        if (one.node === 0) return; // one process lives on, and so knows everybody
        each.kill();
        this.#open = this.#open.filter((open) => open.node !== each);
        return;
      case "cut":
        return this.log.cut(each.store, true);
      case "mend":
        return this.log.cut(each.store, false);
      case "lag":
        return this.log.hold(each.store);
      case "catch":
        return this.log.go(each.store);
    }
  }

  /** Notes what each ready node says, beside its position. */
  async #observe(): Promise<void> {
    for (const each of this.nodes) {
      if (each.state !== "runs") continue;
      let isReady = false;
      each.here.ready().then(() => {
        isReady = true;
      });
      await turns(1);
      if (!isReady) continue;
      for (const channel of CHANNELS) {
        this.seen.push({ node: each, channel, last: each.bus.last, list: each.here.of(channel) });
      }
    }
  }

  #check(): void {
    const alive = this.nodes.filter(({ state }) => state === "runs");
    for (const channel of CHANNELS) {
      const open = this.#open.filter((each) => each.channels.includes(channel));
      const truth = new Set(open.map(({ member }) => member));
      const final = byId(alive[0]!.here.of(channel));
      assert.deepEqual(new Set(final.keys()), truth, `${channel} has whoever is connected`);
      for (const each of alive) assert.deepEqual(byId(each.here.of(channel)), final, "all nodes agree");
      for (const { list, last, channel: of } of this.seen) {
        if (of !== channel) continue;
        assert.deepEqual(fold(list, changesOf(this.log, channel, last)), final, "a reader from anywhere ends there");
      }
    }
    const told = new Map(statusesOf(this.log));
    for (const id of MEMBERS) {
      assert.equal(told.get(id) ?? "offline", alive[0]!.here.status(id), `the newest status that was told of ${id}`);
    }
    for (const each of alive) {
      for (const error of each.errors) assert.match(error.message, /disk is full/);
    }
  }

  /** Holds that on one node each list becomes each later list by the changes between. */
  checkEachNode(): void {
    for (const [at, one] of this.seen.entries()) {
      const next = this.seen.slice(at + 1).find(({ node: of, channel }) => of === one.node && channel === one.channel);
      if (next === undefined) continue;
      const changes = changesOf(this.log, one.channel, one.last, next.last);
      assert.deepEqual(fold(one.list, changes), byId(next.list), "a list and the changes after it are the later list");
    }
  }
}

const RUNS = {
  numRuns: Number(process.env["PRESENCE_RUNS"] ?? 60),
  interruptAfterTimeLimit: 45_000,
  markInterruptAsFailure: false,
};

describe("the laws of presence", () => {
  it("hold whatever connects, leaves, stops, lags, is cut off or killed, and whichever way clocks step", async () => {
    const played = steps([...FAULTS, CLOCKS, step("open"), step("kill", { node })]);
    await fc.assert(
      fc.asyncProperty(played, fc.constantFrom(4, Number.POSITIVE_INFINITY), async (given, replayed) => {
        const play = new Play(replayed, Number.POSITIVE_INFINITY);
        await play.run(given);
        play.checkEachNode();
      }),
      RUNS,
    );
  });

  it("hold when a node that lags loses rows for good, and asks the others", async () => {
    await fc.assert(
      fc.asyncProperty(steps([...FAULTS, step("open")]), async (given) => {
        await new Play(6, 6).run(given);
      }),
      RUNS,
    );
  });

  it("send nothing as long as every gap is shorter than the grace, on whichever node the member comes back", async () => {
    const gaps = fc.array(
      fc.record({
        gap: fc.integer({ min: 0, max: GRACE - 500 }),
        stay: fc.integer({ min: 0, max: GRACE * 2 }),
        node: fc.nat(2),
      }),
      {
        maxLength: 12,
      },
    );
    await fc.assert(
      fc.asyncProperty(gaps, async (given) => {
        const play = new Play(10, Number.POSITIVE_INFINITY);
        play.nodes.push(new TestNode(play.log));
        await pass(play.nodes, 300);
        let connection = play.nodes[0]!.connect("ann", ["room"]);
        await pass(play.nodes, 200);
        for (const { gap, stay, node: at } of given) {
          connection.leave();
          await pass(play.nodes, gap, 100);
          connection = play.nodes[at]!.connect("ann", ["room"]);
          await pass(play.nodes, stay, 100);
        }
        assert.equal(changesOf(play.log, "room", 0).length, 1);
        assert.deepEqual(statusesOf(play.log), [["ann", "online"]]);
      }),
      RUNS,
    );
  });
});
