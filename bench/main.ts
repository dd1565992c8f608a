import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type BenchName, benches, isBench } from "./benches.ts";
import type { Line } from "./harness.ts";
import { machine, summary, table } from "./report.ts";

// npm run bench            measures everything
// npm run bench -- P4 H1   measures these
// It fails when a bench breaks or its results are not equal to its rival's, not when a target is missed.

const ROW = fileURLToPath(new URL("./row.ts", import.meta.url));

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !isBench(name));
if (unknown.length > 0) {
  console.error(`there is no bench ${unknown.join(", ")}; there are ${Object.keys(benches).join(", ")}`);
  process.exit(2);
}
const names = (asked.length > 0 ? asked : Object.keys(benches)) as BenchName[]; // all of them passed isBench

const where = machine();
const all: Line[] = [];
for (const name of names) {
  console.error(`measuring ${name} …`);
  const lines = await measure(name);
  if (lines.length > 0) console.error(`${table(lines)}\n`);
  all.push(...lines);
}
console.log(`${where}\n\n${table(all)}\n\n${summary(all)}`);

async function measure(name: BenchName): Promise<readonly Line[]> {
  const lines: Line[] = [];
  const row = fork(ROW, [name]);
  row.on("message", (line) => lines.push(line as Line)); // row.ts sends nothing else
  const [code, signal] = await once(row, "exit");
  if (code !== 0) {
    console.error(`${name} broke (${signal ?? `exit code ${code}`})`);
    process.exitCode = 1;
  }
  return lines;
}
