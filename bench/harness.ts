import { deepStrictEqual } from "node:assert";
import { quantile } from "./numbers.ts";

type Awaitable<T> = T | Promise<T>;

/** One side of a pair. Its preparation is not timed. */
export type Side<R> = () => Awaitable<Ready<R>>;

/** A side that has been prepared. */
export interface Ready<R> {
  /** Called before the clock starts and after the garbage collection, which discards compiled code. */
  warm?(): Awaitable<unknown>;
  /** The timed work. */
  go(): Awaitable<unknown>;
  /** Returns the result, to be compared with the rival's. Called after the clock has stopped; it also ends what was started. */
  result(): Awaitable<R>;
}

/** The target of a row: a ratio of ours to the rival's. */
export type Target = { readonly atMost: number } | { readonly atLeast: number };

/** One line of the report. */
export interface Line {
  readonly id: string;
  readonly workload: string;
  readonly beside: string;
  /** Ours and the rival's, with their unit. */
  readonly ours: string;
  readonly rival: string;
  /** The median of the pairs' ratios, and their 10th and 90th percentile. */
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  /** The median ratio of the thing to itself; undefined for what is counted and not timed. */
  readonly control: number | undefined;
  /** Undefined for a floor: the least that what is promised takes here, by hand, beside the same rival. */
  readonly target: Target | undefined;
  /** True if the line has no target either, but is no floor: it shows a rival that promises something else. */
  readonly isContext?: true;
}

/** A comparison, and its line in the report. */
export interface Comparison<R> {
  readonly id: string;
  readonly workload: string;
  readonly beside: string;
  readonly ours: Side<R>;
  readonly rival: Side<R>;
  /** Undefined for a floor. */
  readonly target: Target | undefined;
  /** The number of units of work of a side, for the report. */
  readonly count: number;
  /** The unit of work. */
  readonly of: string;
  /** At least 31. */
  readonly pairs?: number;
  /** True if the ratio is of speeds and not of times. Default: true if the target is a least ratio. */
  readonly isSpeed?: boolean;
}

/** A control outside of these says that the run cannot resolve the ratio. */
export const CONTROL = { from: 0.95, to: 1.05 };

const FEWEST_PAIRS = 31;
/** The number of pairs for work that is so short or uneven that the fewest pairs do not resolve it. */
export const MANY_PAIRS = 61;
const WARM_UPS = 2;
const ATTEMPTS = 2;

/**
 * Times two sides in interleaved pairs, the order flipped each time, garbage collected before each side. Ours runs twice in
 * each round, before and after the rival, which gives the control. A void run is repeated once.
 * Throws when the sides' results are not equal.
 */
export async function compare<R>(comparison: Comparison<R>): Promise<Line> {
  for (let attempt = 1; ; attempt += 1) {
    const line = await attemptOf(comparison);
    if (!isVoid(line) || attempt === ATTEMPTS) return line;
  }
}

/** Returns true if a line's control says that its ratio is not to be trusted. */
export function isVoid({ control }: Line): boolean {
  return control !== undefined && (control < CONTROL.from || control > CONTROL.to);
}

/** Returns true if a ratio reaches a target. */
export function isReached(ratio: number, target: Target): boolean {
  return "atMost" in target ? ratio <= target.atMost : ratio >= target.atLeast;
}

async function attemptOf<R>(comparison: Comparison<R>): Promise<Line> {
  const { ours, rival, pairs = FEWEST_PAIRS } = comparison;
  const first: number[] = [];
  const again: number[] = [];
  const theirs: number[] = [];
  for (let round = -WARM_UPS; round < pairs; round += 1) {
    const before = await timed(ours);
    const beside = await timed(rival);
    const after = await timed(ours);
    deepStrictEqual(before.result, beside.result, `${comparison.id}: the results are not equal`);
    deepStrictEqual(after.result, beside.result, `${comparison.id}: the results are not equal`);
    if (round < 0) continue;
    const flipped = round % 2 === 1;
    first.push(flipped ? after.ms : before.ms);
    again.push(flipped ? before.ms : after.ms);
    theirs.push(beside.ms);
  }
  return lineOf(comparison, { first, again, theirs });
}

interface Times {
  readonly first: readonly number[];
  readonly again: readonly number[];
  readonly theirs: readonly number[];
}

function lineOf<R>(comparison: Comparison<R>, { first, again, theirs }: Times): Line {
  const { id, workload, beside, target, count, of } = comparison;
  const inverse = comparison.isSpeed ?? (target !== undefined && "atLeast" in target); // more is better: a ratio of speeds
  const ratios = first.map((ms, index) => (inverse ? theirs[index]! / ms : ms / theirs[index]!));
  const controls = first.map((ms, index) => ms / again[index]!);
  return {
    id,
    workload,
    beside,
    target,
    ours: `${duration(quantile(first, 0.5) / count)} a ${of}`,
    rival: `${duration(quantile(theirs, 0.5) / count)} a ${of}`,
    ratio: quantile(ratios, 0.5),
    low: quantile(ratios, 0.1),
    high: quantile(ratios, 0.9),
    control: quantile(controls, 0.5),
  };
}

async function timed<R>(side: Side<R>): Promise<{ ms: number; result: R }> {
  const ready = await side();
  collectGarbage();
  await ready.warm?.();
  const start = performance.now();
  await ready.go();
  const ms = performance.now() - start;
  return { ms, result: await ready.result() };
}

/** Collects all garbage. Node has to run with --expose-gc. */
export function collectGarbage(): void {
  if (global.gc === undefined) throw new Error("run node with --expose-gc, as npm run bench does");
  global.gc();
}

function duration(ms: number): string {
  if (ms >= 1) return `${ms.toPrecision(3)} ms`;
  const us = ms * 1_000;
  return us >= 1 ? `${us.toPrecision(3)} us` : `${(us * 1_000).toPrecision(3)} ns`;
}
