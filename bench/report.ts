import { cpus } from "node:os";
import { isReached, isVoid, type Line, type Target } from "./harness.ts";
import type { Results, Row } from "./sittings.ts";

const HEAD_OF_ROWS = ["id", "workload", "beside", "ours", "theirs", "worst", "each", "target", ""];
const HEAD = ["id", "workload", "beside", "ours", "theirs", "ratio", "10–90 %", "control", "target", ""];

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
  return markdown([HEAD, ...lines.map(cells)]);
}

/** The rows of several sittings as a Markdown table: the figures of the worst sitting, and the ratio of each. */
export function tableOfRows(rows: readonly Row[]): string {
  const cellsOf = ({ line, ratios, verdict }: Row): readonly string[] => [
    line.id,
    line.workload,
    line.beside,
    line.ours,
    line.rival,
    short(line.ratio),
    ratios.map((ratio) => (ratio === undefined ? "–" : short(ratio))).join(", "),
    targetOf(line.target),
    verdict,
  ];
  return markdown([HEAD_OF_ROWS, ...rows.map(cellsOf)]);
}

/** Returns how many rows have each verdict. */
export function summaryOfRows(rows: readonly Row[]): string {
  const count = (fits: (verdict: Row["verdict"]) => boolean): number =>
    rows.filter(({ verdict }) => fits(verdict)).length;
  const few = count((verdict) => verdict.includes(" of "));
  const of = (name: Row["verdict"]): number => count((verdict) => verdict === name);
  return `${of("reached")} reached in every sitting, ${few} in fewer sittings than three, ${of("MISSED")} missed, ${of("void")} void, ${of("floor")} floors, ${of("context")} context`;
}

/** Returns how many lines reached their target, missed it, are void, state a floor, or are context. */
export function summary(lines: readonly Line[]): string {
  const count = (verdict: string): number => lines.filter((line) => verdictOf(line) === verdict).length;
  return `${count("reached")} reached, ${count("MISSED")} missed, ${count("void")} void, ${count("floor")} floors, ${count("context")} context`;
}

function markdown(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length), 3));
  const text = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  return [text(rows[0]!), text(widths.map((width) => "-".repeat(width))), ...rows.slice(1).map(text)].join("\n");
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

function verdictOf(line: Line): "void" | "floor" | "context" | "reached" | "MISSED" {
  if (isVoid(line)) return "void";
  if (line.target === undefined) return line.isContext ? "context" : "floor";
  return isReached(line.ratio, line.target) ? "reached" : "MISSED";
}

function short(ratio: number): string {
  return ratio >= 10 ? ratio.toFixed(1) : ratio >= 0.1 ? ratio.toFixed(2) : ratio.toFixed(3);
}
