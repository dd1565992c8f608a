import { fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { benches, isBench } from "./benches.ts";
import type { Point } from "./curves/point.ts";
import { curves, isCurve } from "./curves.ts";
import type { Line } from "./harness.ts";
import { machine, summary, table } from "./report.ts";
import type { Results } from "./sittings.ts";

// `npm run bench` measures everything.
// `npm run bench -- P4 H1 polls` measures these rows and curves.
// `npm run bench -- --json FILE` also writes the figures, and `npm run report` makes bench/results.md from them.
// The run fails if a bench breaks, or if its results differ from its rival's. A missed target is no failure.

const ROW = fileURLToPath(new URL("./row.ts", import.meta.url));

const { values, positionals } = parseArgs({ options: { json: { type: "string" } }, allowPositionals: true });
const known = [...Object.keys(benches), ...Object.keys(curves)];
const unknown = positionals.filter((name) => !isBench(name) && !isCurve(name));
if (unknown.length > 0) {
  console.error(`there is no bench ${unknown.join(", ")}; there are ${known.join(", ")}`);
  process.exit(2);
}

const lines: Line[] = [];
const points: Point[] = [];
const results: Results = { ...machine(), lines, points };
for (const name of positionals.length > 0 ? positionals : known) {
  console.error(`measuring ${name} …`);
  await measure(name);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`); // a run may be ended early
}
if (lines.length > 0) console.log(`${results.where}, ${results.date}\n\n${table(lines)}\n\n${summary(lines)}`);

async function measure(name: string): Promise<void> {
  const row = fork(ROW, [name]);
  row.on("message", (measured: Line | Point) => {
    if ("curve" in measured) {
      console.error(`${name}: ${measured.x.toLocaleString("en")} ${measured.series} ${measured.y.toPrecision(3)}`);
      points.push(measured);
      return;
    }
    console.error(table([measured]).split("\n").at(-1));
    lines.push(measured);
  });
  const [code, signal] = await once(row, "exit");
  if (code === 0) return;
  console.error(`${name} broke (${signal ?? `exit code ${code}`})`);
  process.exitCode = 1;
}
