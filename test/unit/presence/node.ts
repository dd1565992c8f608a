import { Bus, type Channel } from "nightbus";
import {
  type Connection,
  type Member,
  type MemberId,
  type Presence,
  type PresenceChange,
  presence,
  type Status,
} from "nightbus/presence";
import type { Store } from "../../../src/store.ts";
import type { Clock, Timer } from "../../../src/util/clock.ts";
import type { SharedLog } from "./shared-log.ts";

/** A clock that a test moves. `jump` is the life of a stopped process: its timers fire late, all at the end. */
export class TestClock implements Clock {
  readonly grain = 1;
  wall: number;
  #passed = 0;
  #base = 0;
  readonly #timers = new Set<{ readonly due: number; readonly callback: () => void }>();

  constructor(wall: number) {
    this.wall = wall;
  }

  now(): number {
    return this.wall;
  }

  monotonic(): number {
    return this.#passed;
  }

  base(): number {
    this.#base += 1;
    return this.#base;
  }

  setTimeout(callback: () => void, ms: number): Timer {
    const timer = { due: this.#passed + ms, callback };
    this.#timers.add(timer);
    return timer;
  }

  clearTimeout(timer: Timer): void {
    this.#timers.delete(timer as { due: number; callback: () => void }); // made above
  }

  jump(ms: number): void {
    this.#passed += ms;
    this.wall += ms;
    const due = [...this.#timers].filter((timer) => timer.due <= this.#passed);
    for (const timer of due.sort((one, other) => one.due - other.due)) {
      if (this.#timers.delete(timer)) timer.callback();
    }
  }
}

/** The person of a test's request. */
export interface Person {
  readonly id: string;
  readonly info: { readonly name: string };
}

export const GRACE = 8_000;
export const AWAY = 60_000;

/** One process on a shared log, with presence. */
export class TestNode {
  readonly clock: TestClock;
  readonly store: Store;
  readonly bus: Bus;
  readonly here: Presence<Person, Person["info"]>;
  readonly errors: Error[] = [];
  readonly log: SharedLog;
  isReady = false;
  state: "runs" | "stopped" | "killed" = "runs";
  /** The time that passed while it was stopped, in ms. */
  behind = 0;

  constructor(log: SharedLog, wall = 1_700_000_000_000) {
    this.log = log;
    this.clock = new TestClock(wall);
    this.store = log.store();
    this.bus = new Bus({ store: this.store, clock: this.clock });
    this.bus.on("error", (error) => this.errors.push(error));
    const statusTo = (id: MemberId, status: Status) => [["status", [id, status]]] as const;
    this.here = presence(this.bus, { member: (person: Person) => person, grace: GRACE, away: AWAY, statusTo });
  }

  connect(id: string, channels: readonly Channel[], name = id): Connection {
    return this.here.join({ id, info: { name } }, channels);
  }

  /** Stops the process, as SIGSTOP does. */
  stop(): void {
    this.state = "stopped";
    this.log.hold(this.store);
  }

  /** Lets a stopped process go on: its timers are late, and then its rows come. */
  async goOn(): Promise<void> {
    this.state = "runs";
    const late = this.behind;
    this.behind = 0;
    this.clock.jump(late);
    this.log.go(this.store);
    await turns();
  }

  kill(): void {
    this.state = "killed";
    this.log.kill(this.store);
  }
}

/** Lets everything happen that needs no time. */
export async function turns(count = 12): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

const STEP = 50;

/** Lets time pass for all nodes in small steps. */
export async function pass(nodes: readonly TestNode[], ms: number, step = STEP): Promise<void> {
  for (let passed = 0; passed < ms; passed += step) {
    for (const node of nodes) {
      if (node.state === "runs") node.clock.jump(step);
      else node.behind += step;
    }
    await turns(2);
  }
  await turns();
}

/** Applies the changes of these rows to a list, as a reader does who knows nothing else. */
export function fold(list: readonly Member[], changes: readonly PresenceChange[]): ReadonlyMap<Member["id"], Member> {
  const members = new Map(list.map((member) => [member.id, member]));
  for (const { joins, leaves, changes: changed } of changes) {
    for (const member of [...joins, ...changed]) members.set(member.id, member);
    for (const id of leaves) members.delete(id);
  }
  return members;
}

/** Returns a list by id, to compare it. */
export function byId(list: readonly Member[]): ReadonlyMap<Member["id"], Member> {
  return new Map(list.map((member) => [member.id, member]));
}

/** Returns the changes of a channel after this position. */
export function changesOf(
  log: SharedLog,
  channel: string,
  after: number,
  to = Number.POSITIVE_INFINITY,
): PresenceChange[] {
  const key = JSON.stringify(["presence", channel]);
  const rows = log.rows.filter((row) => row.key === key && row.id > after && row.id <= to);
  return rows.map(({ json }) => JSON.parse(json) as PresenceChange);
}

/** Returns the statuses of which the application's entries told, in the order of the log. */
export function statusesOf(log: SharedLog): (readonly [MemberId, Status])[] {
  return log.rows.filter(({ key }) => key === '"status"').map(({ json }) => JSON.parse(json));
}
