import assert from "node:assert/strict";
import fc from "fast-check";
import type { Consumer } from "nightbus";
import { describe, it } from "vitest";
import { turns } from "../../../src/testing/conformance/bus/topic.ts";
import { Lab, type LabProcess, type LabTransaction } from "./lab.ts";

const LEASE = 2_000;
const MOST_PROCESSES = 3;

type Step =
  | { readonly do: "send"; readonly count: number }
  | { readonly do: "pass"; readonly ms: number }
  | {
      readonly do:
        | "start"
        | "kill"
        | "close"
        | "restart"
        | "cut"
        | "mend"
        | "lose"
        | "answer"
        | "drop"
        | "stall"
        | "go"
        | "skew";
      readonly process: number;
    };

const process = fc.nat(MOST_PROCESSES - 1);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("send" as const), count: fc.integer({ min: 1, max: 4 }) }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.constantFrom(20, 150, 700, LEASE, LEASE * 2) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom(
        ...([
          "start",
          "kill",
          "close",
          "restart",
          "cut",
          "mend",
          "lose",
          "answer",
          "drop",
          "stall",
          "go",
          "skew",
        ] as const),
      ),
      process,
    }),
  },
);

/** A process with a consumer, whose handler the play can hold up. */
class Player {
  readonly of: LabProcess;
  consumer: Consumer | undefined;
  isStalled = false;
  #waiting: (() => void)[] = [];

  constructor(of: LabProcess) {
    this.of = of;
  }

  go(): void {
    this.isStalled = false;
    for (const go of this.#waiting.splice(0)) go();
  }

  async pause(): Promise<void> {
    await null;
    if (this.isStalled) await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    if (this.of.isGone) await new Promise(() => {}); // a killed process does nothing any more
  }
}

/** Plays steps, and notes each notification that a handler has handled. */
class Play {
  readonly lab = new Lab();
  readonly players: (Player | undefined)[] = [];
  readonly handled: { readonly message: number; readonly fence: number }[] = [];
  readonly #isTransactional: boolean;
  sent = 0;

  constructor(isTransactional: boolean) {
    this.#isTransactional = isTransactional;
  }

  async run(steps: readonly Step[]): Promise<void> {
    await this.#start(0);
    for (const one of steps) await this.#do(one);
    await this.#settle();
  }

  async #do(one: Step): Promise<void> {
    if (one.do === "send") return this.#send(one.count);
    if (one.do === "pass") return this.lab.pass(one.ms, 100);
    const player = this.players[one.process];
    if (one.do === "start") return this.#start(one.process);
    if (player === undefined) return undefined;
    if (one.do === "kill") this.#kill(one.process, player);
    else if (one.do === "close") void player.consumer?.close();
    else if (one.do === "restart") this.#consume(player);
    else if (one.do === "cut") player.of.isCut = true;
    else if (one.do === "mend") player.of.isCut = false;
    else if (one.do === "lose") player.of.losesAnswers = true;
    else if (one.do === "answer") player.of.losesAnswers = false;
    else if (one.do === "drop") player.of.drops = 2;
    else if (one.do === "stall") player.isStalled = true;
    else if (one.do === "go") player.go();
    else player.of.clock.advance(LEASE + 500); // the clock of one process jumps, as after a sleep of its machine
    return turns(2);
  }

  async #start(at: number): Promise<void> {
    if (this.players[at] !== undefined) return;
    const player = new Player(await this.lab.start());
    this.players[at] = player;
    this.#consume(player);
    await turns(2);
  }

  #consume(player: Player): void {
    if (player.consumer !== undefined && !this.#isEnded(player.consumer)) return;
    const { bus } = player.of;
    const consumer = bus.consume(
      "name",
      ["a"],
      async ({ message }, { fence, tx }) => {
        await player.pause();
        if (this.#isTransactional) (tx as LabTransaction).effects.push(message);
        else this.handled.push({ message: message as number, fence });
      },
      { lease: LEASE, from: "start", transaction: this.#isTransactional },
    );
    player.consumer = consumer;
    const ended = (): unknown => this.#ended.add(consumer);
    consumer.done.then(ended, ended);
  }

  readonly #ended = new Set<Consumer>();

  #isEnded(consumer: Consumer): boolean {
    return this.#ended.has(consumer);
  }

  #kill(at: number, player: Player): void {
    this.lab.kill(player.of);
    this.players[at] = undefined;
  }

  async #send(count: number): Promise<void> {
    const sender = this.players.find((player) => player !== undefined);
    if (sender === undefined) return;
    const entries = Array.from({ length: count }, () => ["a", this.sent++] as const);
    await sender.of.bus.sendmany(entries);
  }

  async #settle(): Promise<void> {
    await this.#start(0);
    for (const player of this.players) {
      if (player === undefined) continue;
      player.of.isCut = false;
      player.of.losesAnswers = false;
      player.go();
      await turns(2);
      this.#consume(player);
    }
    for (let waited = 0; waited < 20 && !this.#isDone; waited += 1) await this.lab.pass(LEASE, 100);
    const open = this.players.filter((player) => player !== undefined);
    await Promise.all(open.map(({ of }) => of.bus.close()));
  }

  get #isDone(): boolean {
    return this.#seen.has(this.sent - 1);
  }

  get #seen(): ReadonlySet<unknown> {
    return new Set(this.#isTransactional ? this.lab.ledger : this.handled.map(({ message }) => message));
  }
}

/** A consumer that lost its lease moves nothing: fences and positions only grow. */
function onlyForward(history: readonly string[]): void {
  const states = history.map((text) => JSON.parse(text) as { readonly fence: number; readonly last: number });
  for (const [at, { fence, last }] of states.entries()) {
    const before = states[at - 1];
    if (before !== undefined)
      assert.ok(fence >= before.fence && last >= before.last, history.slice(at - 1, at + 1).join());
  }
}

const plays = { numRuns: 150, interruptAfterTimeLimit: 45_000, markInterruptAsFailure: true };

describe("the laws of consumers", () => {
  it("hand over each notification at least once, and in order within each acquisition", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40, size: "max" }), async (steps) => {
        const play = new Play(false);
        await play.run(steps);
        onlyForward(play.lab.history);
        const { handled, sent } = play;
        const all = [...new Set(handled.map(({ message }) => message))].sort((one, other) => one - other);
        assert.deepEqual(
          all,
          Array.from({ length: sent }, (_, at) => at),
          "at least once",
        );
        for (const fence of new Set(handled.map((one) => one.fence))) {
          const within = handled.filter((one) => one.fence === fence).map(({ message }) => message);
          const next = within.map((message, at) => message - at);
          assert.equal(new Set(next).size <= 1, true, `without a hole and a repetition by fence ${fence}: ${within}`);
        }
      }),
      plays,
    );
  }, 60_000);

  it("commit each effect exactly once and in order, if the position moves in transactions", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40, size: "max" }), async (steps) => {
        const play = new Play(true);
        await play.run(steps);
        onlyForward(play.lab.history);
        assert.deepEqual(
          play.lab.ledger,
          Array.from({ length: play.sent }, (_, at) => at),
        );
      }),
      plays,
    );
  }, 60_000);
});
