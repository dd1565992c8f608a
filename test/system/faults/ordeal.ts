import assert from "node:assert/strict";
import type { Batch } from "nightbus";
import { Bus, BusError } from "nightbus";
import { turns } from "../../../src/testing/conformance/bus/topic.ts";
import type { Fate, FaultyStore } from "./faulty-store.ts";

export type Step =
  | { readonly do: "send"; readonly sizes: readonly number[] }
  /** The outcome of the next append, or sync. */
  | { readonly do: "append" | "sync"; readonly fate: Fate }
  /** Another process commits so many rows, which are handed over later. */
  | { readonly do: "elsewhere"; readonly size: number }
  | { readonly do: "hand over" | "release" | "turn" }
  /** Polls: where the bus stands, from where others stand already, or from where nobody does. */
  | { readonly do: "park" | "leap" | "beyond" };

interface Sent {
  readonly messages: readonly string[];
  readonly outcome: Promise<PromiseSettledResult<readonly number[]>>;
}

interface Asked {
  readonly last: number;
  readonly outcome: Promise<PromiseSettledResult<Batch<{ readonly id: number }>>>;
}

const EVERYTHING = { age: Infinity, count: Infinity, total: Infinity };

/** Puts a bus through a script of faults, and then holds what everybody was told against what is in the store. */
export class Ordeal {
  readonly #store: FaultyStore;
  readonly #bus: Bus;
  readonly #heard: number[] = [];
  readonly #errors: Error[] = [];
  readonly #sent: Sent[] = [];
  readonly #asked: Asked[] = [];
  #message = 0;

  constructor(store: FaultyStore) {
    this.#store = store;
    this.#bus = new Bus({ store, retention: EVERYTHING });
    this.#bus.on("notification", ({ id }) => this.#heard.push(id));
    this.#bus.on("error", (error) => this.#errors.push(error));
  }

  async run(steps: readonly Step[], ends: "abruptly" | "in peace"): Promise<void> {
    for (const step of steps) {
      this.#step(step);
      await turns(1);
    }
    if (ends === "in peace") await this.#settle();
    await this.#close();
    for (const sent of this.#sent) this.#checkSent(sent.messages, await sent.outcome);
    for (const asked of this.#asked) this.#checkAsked(asked.last, await asked.outcome);
    const ids = this.#store.rows.map(({ id }) => id);
    assert.deepEqual(this.#heard, ids.slice(0, this.#heard.length), "a listener hears everything once, in order");
    if (ends === "in peace" && this.#hasOpened) assert.deepEqual(this.#heard, ids);
    const expected = this.#hasOpened ? 0 : 1;
    assert.equal(this.#errors.length, expected + (this.#hasOpened && isFailure(this.#store.closing) ? 1 : 0));
    assert.ok(this.#errors.every((error) => error instanceof BusError && error.code === "store"));
  }

  get #hasOpened(): boolean {
    return !isFailure(this.#store.opening);
  }

  #step(step: Step): void {
    if (step.do === "send") for (const size of step.sizes) this.#send(size);
    else if (step.do === "append") this.#store.appends.push(step.fate);
    else if (step.do === "sync") this.#store.syncs.push(step.fate);
    else if (step.do === "elsewhere") this.#store.commit(this.#entries(step.size).map(pending));
    else if (step.do === "hand over") this.#handOver();
    else if (step.do === "release") this.#store.release();
    else if (step.do === "park") this.#poll(this.#bus.last, Infinity);
    else if (step.do === "leap") this.#poll(this.#store.newest, 0);
    else if (step.do === "beyond") this.#poll(this.#store.newest + 1_000, 0);
  }

  #handOver(): void {
    if (this.#bus.last > 0) this.#store.handOver(); // the store is open
  }

  #entries(size: number): (readonly ["a", number])[] {
    return Array.from({ length: size }, () => ["a", ++this.#message] as const);
  }

  #send(size: number): void {
    const entries = this.#entries(size);
    const messages = entries.map(([, message]) => String(message));
    this.#sent.push({ messages, outcome: settled(this.#bus.sendmany(entries)) });
  }

  #poll(last: number, timeout: number): void {
    this.#asked.push({ last, outcome: settled(this.#bus.poll(["a"], last, timeout)) });
  }

  /** Nothing goes wrong any longer: everything that was asked is answered, and a reader from 0 gets all that there is. */
  async #settle(): Promise<void> {
    this.#store.appends.length = 0;
    this.#store.syncs.length = 0;
    const parked = this.#asked.length;
    for (let turn = 0; turn < 20 + parked; turn += 1) {
      this.#store.release();
      await turns(1);
    }
    for (const { outcome } of this.#sent) await outcome;
    if (!this.#hasOpened) return;
    this.#store.handOver();
    const all = await this.#bus.poll(["a"], 0, 0, { limit: Number.POSITIVE_INFINITY });
    const truth = this.#store.rows.map(({ id, json }) => ({ id, channel: "a", message: Number(json) }));
    assert.deepEqual([...all], truth);
    await this.#bus.sendone("a", ++this.#message); // the store works again
  }

  async #close(): Promise<void> {
    const closing = this.#bus.close();
    let isClosed = false;
    void closing.then(() => {
      isClosed = true;
    });
    for (let turn = 0; turn < 500 && !isClosed; turn += 1) {
      this.#store.release();
      await turns(1);
    }
    assert.ok(isClosed, "it closes in every state");
    assert.equal(this.#bus.waiting, 0);
  }

  #checkSent(messages: readonly string[], outcome: PromiseSettledResult<readonly number[]>): void {
    const rows = this.#store.rows.filter(({ json }) => messages.includes(json));
    if (outcome.status === "fulfilled") {
      assert.deepEqual(
        rows.map(({ id, json }) => [id, json]),
        messages.map((json, at) => [outcome.value[at], json]),
      );
      return;
    }
    const { code, refused } = outcome.reason as BusError;
    assert.ok(outcome.reason instanceof BusError);
    assert.equal(code, "store");
    assert.equal(refused, !messages.some((json) => this.#store.unknown.has(json)), "refused says the truth");
    if (refused) assert.deepEqual(rows, []);
    else assert.ok(rows.length === 0 || rows.length === messages.length, "whole if at all, and once");
  }

  #checkAsked(last: number, outcome: PromiseSettledResult<Batch<{ readonly id: number }>>): void {
    if (outcome.status === "rejected") {
      assert.equal((outcome.reason as BusError).code, "store");
      assert.ok(this.#store.failedSyncs > 0 || !this.#hasOpened, "it has a reason");
      return;
    }
    const batch = outcome.value;
    const isUnknown = last > this.#store.newest;
    assert.equal(batch.missed, isUnknown && batch.last > 0, "missed is not told for nothing");
    const from = isUnknown ? 0 : last;
    const due = this.#store.rows.filter(({ id }) => id > from && id <= batch.last);
    assert.deepEqual(
      batch.map(({ id }) => id),
      due.map(({ id }) => id),
    );
  }
}

function isFailure(fate: Fate): boolean {
  return fate !== "works" && fate !== "late" && fate !== "stalled" && fate !== "twice";
}

function pending(entry: readonly ["a", number]): { readonly key: string; readonly json: string } {
  return { key: JSON.stringify(entry[0]), json: String(entry[1]) };
}

async function settled<T>(promise: Promise<T>): Promise<PromiseSettledResult<T>> {
  const [result] = await Promise.allSettled([promise]);
  return result!; // one promise, one result
}
