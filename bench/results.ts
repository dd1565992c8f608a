import { readFileSync, writeFileSync } from "node:fs";
import { pageOf, plotsOf, withPart } from "./beside.ts";
import type { Point } from "./curves/point.ts";
import { type CurveName, curves } from "./curves.ts";
import { barsOf, svgOf } from "./plots.ts";
import { summaryOfRows, tableOfRows } from "./report.ts";
import { sizingPart } from "./scale/sizing.ts";
import { ENOUGH, rowsOf, sittingsIn } from "./sittings.ts";

// `npm run bench -- --json bench/sittings/NAME.json` measures a sitting.
// `npm run report` makes results.md, its plots, and a part of docs/performance.md from all sittings. notes.md has what
// people wrote about them.

const here = (name: string): URL => new URL(name, import.meta.url);
const sittings = sittingsIn(here("sittings/"));
const rows = rowsOf(sittings);
/** The points of each curve, from the newest sitting that has it. */
const points = (Object.keys(curves) as CurveName[]).flatMap((name) => {
  const of = ({ points }: { readonly points: readonly Point[] }): readonly Point[] =>
    points.filter(({ curve }) => curve === name);
  return sittings.map(of).findLast((found) => found.length > 0) ?? [];
});

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
for (const { file, title, unit, bars } of plotsOf(sittings)) {
  writeFileSync(here(file), await barsOf(title, unit, bars));
}
const page = here("../docs/performance.md");
writeFileSync(page, withPart(readFileSync(page, "utf8"), pageOf(sittings, sizingPart())));
writeFileSync(
  here("results.md"),
  `# Measurements

\`npm run bench -- --json bench/sittings/NAME.json\` takes a sitting, and \`npm run report\` made this page from these ${sittings.length}:

${sittings.map(({ where, date }, index) => `${index + 1}. ${date.slice(0, 16).replace("T", " ")} UTC, ${where}`).join("\n")}

## Beside rivals

The ratio is ours to theirs: the median of interleaved pairs, or of rounds of alternating servers. In H1, C3, K1, K2 and S1 to S3 the ratio is of
speeds, so more is better. In P7 "worst" and "each" have the bytes themselves. "ours", "theirs" and "worst" are from the worst sitting, and from the
newest for a row without a target. "each" has the ratio of every sitting. "–" says that the sitting did not measure the row, or is void for
it. A sitting is void for a row if its control, the ratio of the bus to itself, lies outside of 0.95 to 1.05. The files of the sittings have
the controls and the spread.

A row is reached if ${ENOUGH} sittings reach it, and none misses it. "1 of 3" has been reached in one sitting, and waits for two more. A floor is the same
promise, written by hand as cheaply as we could, and beside the same rival. The bus seldom goes below its floor. Context has no
target, because the rival promises something else.

${tableOfRows(rows)}

${summaryOfRows(rows)}.

${readFileSync(here("notes.md"), "utf8").trim()}

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
