import { cpus } from "node:os";
import type { Point } from "./curves/point.ts";
import { isReached, isVoid, type Line, type Target } from "./harness.ts";

const HEAD = ["id", "workload", "beside", "ours", "theirs", "ratio", "10–90 %", "control", "target", ""];

/** The results of a run, as a file has them. */
export interface Results {
  /** The machine, and the versions. */
  readonly where: string;
  readonly date: string;
  readonly lines: readonly Line[];
  readonly points: readonly Point[];
  /** Lines of Markdown that people wrote about this run: the reasons of misses. */
  readonly notes?: readonly string[];
}

/** The time and the machine of a run. */
export function machine(): Pick<Results, "where" | "date"> {
  const all = cpus();
  const cpu = `${all.length} x ${all[0]?.model ?? "unknown processor"}`;
  return {
    where: `${cpu}, ${process.platform} ${process.arch}, Node ${process.versions.node}`,
    date: new Date().toISOString(),
  };
}

/** The lines as a Markdown table. */
export function table(lines: readonly Line[]): string {
  const rows = [HEAD, ...lines.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]!.length), 3));
  const text = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  return [text(HEAD), text(widths.map((width) => "-".repeat(width))), ...rows.slice(1).map(text)].join("\n");
}

/** Returns how many lines reached their target, missed it, are void, or state a floor. */
export function summary(lines: readonly Line[]): string {
  const count = (verdict: string): number => lines.filter((line) => verdictOf(line) === verdict).length;
  return `${count("reached")} reached, ${count("MISSED")} missed, ${count("void")} void, ${count("floor")} floors`;
}

function cells(line: Line): readonly string[] {
  const { id, workload, beside, ours, rival, ratio, low, high, control, target } = line;
  return [
    id,
    workload,
    beside,
    ours,
    rival,
    short(ratio),
    `${short(low)}–${short(high)}`,
    control === undefined ? "counted" : control.toFixed(3),
    targetOf(target),
    verdictOf(line),
  ];
}

function targetOf(target: Target | undefined): string {
  if (target === undefined) return "";
  return "atMost" in target ? `<= ${target.atMost}` : `>= ${target.atLeast}`;
}

function verdictOf(line: Line): "void" | "floor" | "reached" | "MISSED" {
  if (isVoid(line)) return "void";
  if (line.target === undefined) return "floor";
  return isReached(line.ratio, line.target) ? "reached" : "MISSED";
}

function short(ratio: number): string {
  return ratio >= 10 ? ratio.toFixed(1) : ratio >= 0.1 ? ratio.toFixed(2) : ratio.toFixed(3);
}
