// Tests the packed package on other runtimes: `run.ts` on all, `run.ts bun deno` on those whose names contain one of these
// words. Two runtimes test at a time, because tests spend most of their time waiting.
import { execFile, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { RUNTIMES, type Runtime, WITH_SQLITE } from "./runtimes.ts";

const AT_A_TIME = 2;
/** The characters of a failed run that are printed again at the end, where a reader of a long log looks first. */
const SAID_AGAIN = 6_000;

const root = fileURLToPath(new URL("../..", import.meta.url));
const application = join(root, "test/runtimes/application");
const words = process.argv.slice(2).map((word) => word.toLowerCase());
const tasks: readonly Task[] = [
  ...RUNTIMES.map((runtime) => ({ ...runtime, config: "vitest.config.ts", env: { RUNTIME: runtime.name } })),
  ...WITH_SQLITE.map(({ driver, ...runtime }) => ({
    ...runtime,
    name: `${driver} of ${runtime.name}`,
    config: "sqlite.config.ts",
    env: { NIGHTBUS_SQLITE: driver },
  })),
];
const wanted = tasks.filter(
  ({ name }) => words.length === 0 || words.some((word) => name.toLowerCase().includes(word)),
);
if (wanted.length === 0) throw new Error(`no runtime is named so: ${words.join(", ")}`);

installApplication();
await installPackage();
const waiting = [...wanted];
/** The output of each failed run, by its name. */
const failed = new Map<string, string>();
await Promise.all(Array.from({ length: AT_A_TIME }, testWaiting));
for (const [name, said] of failed) console.log(`\n${name} failed, and ended with:\n${said.slice(-SAID_AGAIN)}`);
for (const { name } of wanted) console.log(`${name}: ${failed.has(name) ? "failed" : "passed"}`);
process.exitCode = failed.size === 0 ? 0 : 1;

/** The tests of one configuration on one runtime. */
interface Task extends Runtime {
  readonly config: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Installs the packages of the application by Node 24, because some of them refuse Node 20. */
function installApplication(): void {
  const npm = process.env["npm_execpath"];
  if (npm === undefined) throw new Error("run this by npm: npm run test:runtimes");
  const node = RUNTIMES.find(({ name }) => name === "Node 24")!.program;
  execFileSync(node, [npm, "ci", "--ignore-scripts", "--prefer-offline"], { cwd: application, stdio: "inherit" });
}

/** Packs the package as a user gets it, and unpacks it where an install would put it. */
async function installPackage(): Promise<void> {
  const run = promisify(execFile);
  const folder = mkdtempSync(join(tmpdir(), "nightbus-"));
  try {
    await run("npm", ["run", "build"], { cwd: root });
    const { stdout } = await run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], {
      cwd: root,
    });
    const [{ filename }] = JSON.parse(stdout) as [{ readonly filename: string }];
    const place = join(application, "node_modules/nightbus");
    mkdirSync(place, { recursive: true });
    await run("tar", ["-xzf", join(folder, filename), "--strip-components=1", "-C", place]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function testWaiting(): Promise<void> {
  for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) {
    await test(task);
  }
}

/** Runs the tests by this runtime, prints its output when it has ended, and keeps it if they failed. */
function test({ name, program, args, config, env }: Task): Promise<void> {
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const began = performance.now();
  const child = spawn(program, [...args, vitest, "run", "--config", join(root, "test/runtimes", config)], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const pipe of [child.stdout, child.stderr]) {
    pipe.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
  }
  return new Promise((resolve) => {
    child.on("close", (code) => {
      console.log(`\n${name}, after ${Math.round((performance.now() - began) / 1_000)} s:\n${said}`);
      if (code !== 0) failed.set(name, said);
      resolve();
    });
  });
}
