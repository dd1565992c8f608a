import assert from "node:assert/strict";
import type { Gap, LogState, Row, StoreSink, Unseen, Watermark } from "../../store.ts";
import type { Clock } from "../../util/clock.ts";

/** A sink that keeps the rows of a store, and checks at each call that the call is in order. */
export class Recorder implements StoreSink {
  readonly clock: Clock;
  state: LogState | undefined;
  readonly rows: Row[] = [];
  readonly gaps: Gap[] = [];
  readonly unseen: Watermark[] = [];
  readonly errors: Error[] = [];
  /** The calls, in order. */
  readonly calls: string[] = [];
  /** Every id up to here was handed over, is gone, or was never given out. */
  #last = 0;
  #live = false;
  #floor = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** The newest id that the recorder knows, else the log's beginning. */
  get last(): number {
    return this.#last;
  }

  get opening(): LogState {
    assert.ok(this.state !== undefined, "it has been opened");
    return this.state;
  }

  time(): number {
    return this.clock.now();
  }

  reset(state: LogState): void {
    assert.equal(this.calls.length, 0, "opened comes once, before anything else");
    this.calls.push("opened");
    this.state = state;
    this.gaps.push(...state.gaps);
    this.#floor = state.floor;
    this.#last = state.begin;
  }

  /** Notes the end of the replay. */
  replayed(): void {
    assert.ok(this.#last <= this.opening.last, "the newest id is the newest that was committed");
    this.#last = this.opening.last;
    this.#live = true;
  }

  beginEpoch(gap: Gap): void {
    this.calls.push("began");
    assert.ok(gap.before > gap.after + 1, "a gap has room for an id");
    assert.ok(gap.after >= this.#last, "a run begins above all that was committed");
    this.gaps.push(gap);
  }

  noteTrims({ last, watermarks, floor }: Unseen): void {
    this.calls.push("trimmed");
    assert.ok(last >= this.#last);
    this.unseen.push(...watermarks);
    this.#floor = Math.max(this.#floor, floor);
  }

  add(rows: readonly Row[]): void {
    this.calls.push("commit");
    assert.ok(rows.length > 0, "rows are handed over");
    for (const row of rows) this.#take(row);
  }

  error(error: Error): void {
    this.errors.push(error);
  }

  #take(row: Row): void {
    const before = this.rows.at(-1);
    if (before !== undefined) {
      assert.ok(row.id > before.id, "in the order of their ids, each once");
      assert.ok(row.at >= before.at, "the time never decreases");
    }
    assert.ok(row.send <= row.id && Number.isSafeInteger(row.send) && Number.isSafeInteger(row.at));
    if (this.#live) assert.ok(this.#follows(row), `nothing is left out before ${row.id}`);
    this.rows.push(row);
    this.#last = row.id;
  }

  #follows({ id }: Row): boolean {
    if (id === this.#last + 1 || this.calls.includes("trimmed")) return true;
    return this.gaps.some(({ after, before }) => after === this.#last && before === id);
  }

  /** Returns true if this row of this channel was handed over, or reported as gone. */
  explains(id: number, key: string): boolean {
    if (this.rows.some((row) => row.id === id)) return true;
    const known = [...this.opening.watermarks, ...this.unseen].filter(([of]) => of === key);
    return known.some(([, watermark]) => watermark >= id) || this.#floor >= id;
  }
}
