import { readdirSync, readFileSync } from "node:fs";
import type { Point } from "./curves/point.ts";
import { isReached, isVoid, type Line } from "./harness.ts";

/** The results of a run, as a file has them. */
export interface Results {
  /** The machine, and the versions. */
  readonly where: string;
  readonly date: string;
  readonly lines: readonly Line[];
  readonly points: readonly Point[];
}

/** The sittings after which a row counts as reached. */
export const ENOUGH = 3;

/** A row over all sittings. */
export interface Row {
  /** The line of the worst sitting; of the newest for a floor and for context. */
  readonly line: Line;
  /** The ratio of each sitting; undefined where the row was void, or not measured. */
  readonly ratios: readonly (number | undefined)[];
  readonly verdict: "void" | "floor" | "context" | "reached" | "MISSED" | `${number} of ${number}`;
}

/** Returns the sittings in a folder, the oldest first. */
export function sittingsIn(folder: URL): readonly Results[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  const sittings = names.map((name) => JSON.parse(readFileSync(new URL(name, folder), "utf8")) as Results); // main.ts wrote them
  return sittings.sort((one, other) => (one.date < other.date ? -1 : 1));
}

/** Returns the rows of sittings, in the order of the newest sitting that has them. Each is judged by its newest target. */
export function rowsOf(sittings: readonly Results[]): readonly Row[] {
  const keys = new Set(sittings.toReversed().flatMap(({ lines }) => lines.map(keyOf)));
  return [...keys]
    .sort(byId)
    .map((key) => rowOf(sittings.map(({ lines }) => lines.find((line) => keyOf(line) === key))));
}

function rowOf(lines: readonly (Line | undefined)[]): Row {
  const newest = lines.findLast((line) => line !== undefined)!; // a key comes from a line
  const { target } = newest;
  const counted = lines.flatMap((line) => (line === undefined || isVoid(line) ? [] : [{ ...line, target }]));
  const ratios = lines.map((line) => (line === undefined || isVoid(line) ? undefined : line.ratio));
  if (counted.length === 0) return { line: newest, ratios, verdict: "void" };
  if (target === undefined) return { line: counted.at(-1)!, ratios, verdict: newest.isContext ? "context" : "floor" };
  const isWorse = (one: Line, other: Line): boolean =>
    "atMost" in target ? one.ratio > other.ratio : one.ratio < other.ratio;
  const line = counted.reduce((worst, each) => (isWorse(each, worst) ? each : worst));
  if (!isReached(line.ratio, target)) return { line, ratios, verdict: "MISSED" };
  return { line, ratios, verdict: counted.length >= ENOUGH ? "reached" : `${counted.length} of ${ENOUGH}` };
}

function keyOf({ id, workload, beside }: Line): string {
  return [id, workload, beside].join("\n");
}

/** Sorts rows by their letter and number, and keeps the order of the lines of one row. */
function byId(one: string, other: string): number {
  const [[letter, number], [otherLetter, otherNumber]] = [one, other].map((key) => [
    key[0]!,
    Number.parseInt(key.slice(1), 10),
  ]) as [[string, number], [string, number]];
  const letters = "PSHWCK";
  return letters.indexOf(letter) - letters.indexOf(otherLetter) || number - otherNumber;
}
