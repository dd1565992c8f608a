import { readFileSync, writeFileSync } from "node:fs";
import type { Point } from "./curves/point.ts";
import { type CurveName, curves } from "./curves.ts";
import { svgOf } from "./plots.ts";
import { type Results, summary, table } from "./report.ts";

// npm run report     makes results.md and its plots of results.json, as `npm run bench -- --json bench/results.json` has written it

const here = (name: string): URL => new URL(name, import.meta.url);
const results = JSON.parse(readFileSync(here("results.json"), "utf8")) as Results; // main.ts wrote it
const { where, date, lines, points, notes = [] } = results;

const FAN_OUT = ", us of CPU a delivery";
const CATCH_UP = ", us";

writeFileSync(
  here("fan-out.svg"),
  await svgOf({
    title: "What a delivery to one of many event streams costs the server",
    x: "streams",
    y: "microseconds of CPU a delivery",
    points: ending("streams", FAN_OUT),
  }),
);
writeFileSync(
  here("catch-up.svg"),
  await svgOf({
    title: "Catching up: 50 of 10,000 channels, 10,000 rows behind",
    x: "rows in the log",
    y: "microseconds",
    points: ending("log", CATCH_UP),
  }),
);
writeFileSync(
  here("results.md"),
  `# Measurements

\`npm run bench -- --json bench/results.json\` took these measurements, and \`npm run report\` made this page: ${where},
${date.slice(0, 10)}.

## Beside rivals

The ratio is ours to theirs: the median of interleaved pairs, or of rounds of alternating servers. The range beside it holds 80 %
of the ratios. The control is the ratio of the thing to itself: outside of 0.95 to 1.05 the row is void. A floor is the least that
the promise takes on this machine, written by hand and beside the same rival. No bus reaches a target below its floor here.

${table(lines)}

${summary(lines)}.

${notes.join("\n")}

## How cost grows

![What a delivery costs by the number of streams](fan-out.svg)

![What catching up costs by the length of the log](catch-up.svg)

${(Object.keys(curves) as CurveName[]).map(section).join("\n\n")}
`,
);

/** The points of a curve whose series end so, without that end. */
function ending(curve: CurveName, end: string): readonly Point[] {
  return points
    .filter((point) => point.curve === curve && point.series.endsWith(end))
    .map((point) => ({ ...point, series: point.series.slice(0, -end.length) }));
}

function section(name: CurveName): string {
  const { x, ends } = curves[name];
  const mine = points.filter(({ curve }) => curve === name);
  const columns = [...new Set(mine.map((point) => point.x))];
  const series = [...new Set(mine.map((point) => point.series))];
  const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const figure = (of: string, at: number): string => {
    const found = mine.find((point) => point.series === of && point.x === at);
    return found === undefined ? "" : short(found.y);
  };
  const rows = [
    row([x, ...columns.map((at) => at.toLocaleString("en"))]),
    row(["---", ...columns.map(() => "---")]),
    ...series.map((of) => row([of, ...columns.map((at) => figure(of, at))])),
  ];
  return `${rows.join("\n")}\n\n${ends}`;
}

function short(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(2);
}
