import assert from "node:assert/strict";
import type { Bus } from "../../../bus.ts";
import type { Batch, Channel, Notification } from "../../../notification.ts";
import { type ModelAnswer, type ModelRetention, NaiveLog } from "./model.ts";
import { type Fixture, turns, until } from "./topic.ts";

/** One step of a script. Numbers that choose are taken modulo the number of choices. */
export type Step =
  | { readonly do: "send"; readonly sends: readonly (readonly number[])[] }
  | ({ readonly do: "poll"; readonly timeout: number; readonly lookback: number } & Reads)
  | ({ readonly do: "recent" } & Reads)
  | { readonly do: "abort"; readonly which: number }
  | { readonly do: "advance"; readonly ms: number }
  | { readonly do: "reopen" };

/** The channels and the position of a read. */
export interface Reads {
  readonly channels: readonly number[];
  readonly from: (typeof FROM)[number];
  readonly pick: number;
  readonly limit: number;
}

/** The kinds of cursors: a good one, or one of three stale kinds. */
export const FROM = ["zero", "begin", "given out", "newest", "before the beginning", "in a gap", "beyond"] as const;

const CHANNELS: readonly Channel[] = ["a", ["a", 1], ["a", "1"], '["a",1]', "b"];

/** An entry that cannot be sent. A send with such an entry is rejected as a whole. */
export const BAD_ENTRY = 99;

/** Timeouts are ODD_HALF more than a multiple of GRID, and time moves by multiples. No timeout is nearly over at any step. */
export const [GRID, ODD_HALF] = [20, 10];

interface Parked {
  readonly answer: Promise<Batch<Notification>>;
  readonly channels: readonly Channel[];
  readonly since: number;
  readonly limit: number;
  readonly deadline: number;
  readonly abort: AbortController;
  settled: boolean;
}

/** Plays a script on a bus and on the naive log, and compares every answer as a whole. */
export class Play {
  readonly #fixture: Fixture;
  readonly #model: NaiveLog;
  readonly #emitted: unknown[] = [];
  #bus: Bus;
  #parked: Parked[] = [];
  #running = false;
  #message = 0;

  constructor(fixture: Fixture, retention: ModelRetention) {
    this.#fixture = fixture;
    this.#bus = fixture.bus;
    this.#model = new NaiveLog(fixture.bus.last, retention);
    this.#listen();
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      await this.#step(step);
      assert.equal(this.#bus.last, this.#model.newest);
      assert.equal(this.#bus.waiting, this.#parked.length);
      assert.ok(
        this.#parked.every(({ settled }) => !settled),
        "nobody is answered for nothing",
      );
    }
    await this.#close();
    assert.deepEqual(
      this.#emitted,
      this.#model.rows.map(({ id, channel, message }) => ({ id, channel, message })),
    );
  }

  #step(step: Step): Promise<void> {
    if (step.do === "send") return this.#send(step.sends);
    if (step.do === "poll") return this.#poll(step);
    if (step.do === "recent") return this.#recent(step);
    if (step.do === "abort") return this.#abort(step.which);
    return step.do === "advance" ? this.#advance(step.ms) : this.#reopen();
  }

  async #send(sends: readonly (readonly number[])[]): Promise<void> {
    const { clock } = this.#fixture;
    const entries = sends.map((channels) => channels.map((channel) => this.#entry(channel)));
    const results = await Promise.allSettled(entries.map((send) => this.#bus.sendmany(send)));
    for (const [index, result] of results.entries()) {
      const bad = sends[index]!.includes(BAD_ENTRY);
      assert.equal(result.status, bad ? "rejected" : "fulfilled");
      if (result.status === "rejected" || result.value.length === 0) continue;
      const [first] = result.value as [number];
      if (this.#running) assert.equal(first, this.#model.newest + 1);
      else assert.ok(first > this.#model.newest);
      assert.deepEqual(
        result.value,
        result.value.map((_, place) => first + place),
      );
      this.#running = true;
      this.#model.add(entries[index]!, result.value, clock.now());
    }
    const answers = this.#parked.map((parked) => this.#model.since(parked.channels, parked.since, parked.limit));
    this.#model.trim();
    const woken = this.#parked.filter((_, index) => answers[index]!.rows.length > 0);
    for (const [index, parked] of this.#parked.entries()) {
      if (woken.includes(parked)) await this.#answers(parked.answer, answers[index]!);
    }
    await this.#stay((parked) => !woken.includes(parked));
  }

  #entry(channel: number): readonly [Channel, unknown] {
    this.#message += 1;
    return [CHANNELS[channel % CHANNELS.length]!, channel === BAD_ENTRY ? undefined : this.#message];
  }

  async #poll(step: Extract<Step, { do: "poll" }>): Promise<void> {
    const { clock } = this.#fixture;
    const { timeout, lookback, limit } = step;
    const [channels, last, abort] = [this.#channels(step), this.#last(step), new AbortController()];
    this.#model.expire(clock.now());
    const expected = this.#model.read({ channels, last, limit, lookback, now: clock.now() });
    const answer = this.#bus.poll(channels, last, timeout, { limit, lookback, signal: abort.signal });
    if (timeout === 0 || expected.missed || expected.rows.length > 0) return this.#answers(answer, expected);
    const [since, deadline] = [this.#model.newest, clock.monotonic() + timeout];
    const parked: Parked = { answer, channels, since, limit, deadline, abort, settled: false };
    const settled = (): void => {
      parked.settled = true;
    };
    answer.then(settled, settled);
    this.#parked.push(parked);
    await until(() => this.#bus.waiting >= this.#parked.length || parked.settled, "a poll is parked");
  }

  async #recent(step: Extract<Step, { do: "recent" }>): Promise<void> {
    const now = this.#fixture.clock.now();
    const channels = this.#channels(step);
    this.#model.expire(now);
    const all = this.#model.read({ channels, last: 0, limit: Infinity, lookback: Infinity, now });
    await this.#answers(this.#bus.recent(channels, step.limit), { ...all, rows: all.rows.slice(-step.limit) });
  }

  async #abort(which: number): Promise<void> {
    const parked = this.#parked[which % Math.max(1, this.#parked.length)];
    if (parked === undefined) return;
    const reason = new Error("aborted");
    parked.abort.abort(reason);
    await assert.rejects(parked.answer, (thrown) => thrown === reason);
    await this.#stay((other) => other !== parked);
  }

  async #advance(ms: number): Promise<void> {
    this.#fixture.clock.advance(ms);
    const now = this.#fixture.clock.monotonic();
    for (const parked of this.#parked) {
      if (parked.deadline > now) continue;
      await this.#answers(parked.answer, { rows: [], last: this.#model.newest, missed: false });
    }
    await this.#stay((parked) => parked.deadline > now);
  }

  async #reopen(): Promise<void> {
    await this.#close();
    this.#bus = this.#fixture.open();
    await this.#bus.ready();
    this.#running = false;
    this.#listen();
  }

  async #close(): Promise<void> {
    await this.#bus.close();
    for (const parked of this.#parked) {
      await this.#answers(parked.answer, { rows: [], last: this.#model.newest, missed: false });
    }
    this.#parked = [];
  }

  async #stay(stays: (parked: Parked) => boolean): Promise<void> {
    this.#parked = this.#parked.filter(stays);
    await turns(1);
  }

  async #answers(answer: Promise<Batch<Notification>>, expected: ModelAnswer): Promise<void> {
    const batch = await answer;
    assert.deepEqual({ rows: [...batch], last: batch.last, missed: batch.missed }, expected);
  }

  #listen(): void {
    this.#bus.on("notification", (notification) => this.#emitted.push(notification));
  }

  #channels({ channels }: Reads): readonly Channel[] {
    return channels.map((channel) => CHANNELS[channel % CHANNELS.length]!);
  }

  #last({ from, pick }: Reads): number {
    const { begin, newest, rows } = this.#model;
    if (from === "begin") return begin;
    if (from === "newest") return newest;
    if (from === "given out") return rows[pick % Math.max(1, rows.length)]?.id ?? begin;
    if (from === "before the beginning") return begin - 1 - (pick % 1_000);
    if (from === "beyond") return newest + 1 + (pick % 1_000);
    return from === "in a gap" ? this.#gap(pick) : 0;
  }

  #gap(pick: number): number {
    const ids = [this.#model.begin, ...this.#model.rows.map(({ id }) => id)];
    const after = ids.filter((id, index) => index + 1 < ids.length && ids[index + 1]! > id + 1);
    const start = after[pick % Math.max(1, after.length)];
    if (start === undefined) return 0;
    const end = ids[ids.indexOf(start) + 1]!;
    return start + 1 + (pick % (end - start - 1));
  }
}
