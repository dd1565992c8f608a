import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { temporaryFiles } from "../stores/files.ts";
import { environment, freePort } from "../support/page-programs.ts";
import { blocksFor, PAGES, root } from "../support/pages.ts";

const run = promisify(execFile);
const newPath = temporaryFiles();

const { scripts, peerDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly scripts: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
};

const commands = blocksFor("commands").flatMap(({ page, text }) =>
  text
    .trim()
    .split("\n")
    .map((line) => ({ page, line })),
);
const curls = commands.filter(({ line }) => line.startsWith("curl "));

describe("the curl lines of a page", () => {
  const pages = [...new Set(curls.map(({ page }) => page))];

  it.each(pages)("print against `npm start` what %s says", async (page) => {
    const path = newPath();
    const port = await freePort();
    const [build, serve] = scripts["start"]!.split(" && ");
    expect(build).toBe("tsup --no-dts --no-clean --silent"); // the global setup has done it
    const [program, ...args] = serve!.split(" ");
    expect(program).toBe("tsx");
    const env = { ...environment(), PORT: String(port), DATABASE: path };
    const server = spawn(process.execPath, ["--import", "tsx", ...args], {
      cwd: root,
      env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      await once(server.stdout, "data");
      const outputs: string[] = [];
      for (const { line } of curls.filter((each) => each.page === page)) {
        const command = line.replaceAll("localhost:3000", `localhost:${port}`);
        const { stdout } = await run("bash", ["-c", command], { cwd: dirname(path) });
        outputs.push(...anyNumber(stdout).trim().split("\n"));
      }
      expect(outputs.length).toBeGreaterThanOrEqual(9);
      for (const line of printedBy(page)) expect(outputs).toContain(anyNumber(line));
    } finally {
      server.kill("SIGKILL");
      await once(server, "close");
    }
  });
});

describe("the other commands of the pages", () => {
  it("are scripts of the package, run after an installation", () => {
    const others = commands.filter(({ line }) => !line.startsWith("curl "));
    const unknown = others.filter(({ line }) => {
      const steps = line.replace(/^(\w+=\S+ )+/, "").split(" && ");
      return !steps.every((step) => step === "npm ci" || scripts[step.replace(/^npm (run )?/, "")] !== undefined);
    });
    expect(unknown).toEqual([]);
    expect(others.length).toBeGreaterThan(0);
  });

  it("name scripts that there are, also in the text", () => {
    const text = PAGES.map((page) => readFileSync(join(root, page), "utf8").replaceAll("\n", " ")).join(" ");
    const named = text.matchAll(/\bnpm run ([\w:]+)/g);
    const names = [...new Set([...named].map(([, name]) => name!))];
    expect(names.filter((name) => scripts[name] === undefined)).toEqual([]);
    expect(names).toContain("bench");
  });

  it("install versions of drivers that the package allows", () => {
    const installing = PAGES.flatMap((page) => readFileSync(join(root, page), "utf8").split("\n"))
      .map((line) => line.split("npm install")[1] ?? "")
      .join("\n");
    const named = [...installing.matchAll(/((?:@[\w-]+\/)?[\w-]+)@(\d+)/g)];
    const installed = named.map(([, name, version]) => ({ name: name!, version: Number(version) }));
    expect(installed.filter(({ name, version }) => !allows(peerDependencies[name], version))).toEqual([]);
    expect([...new Set(installed.map(({ name }) => name))].sort()).toEqual([
      "@nats-io/jetstream",
      "@nats-io/transport-node",
      "better-sqlite3",
      "ioredis",
      "pg",
      "redis",
    ]);
  });
});

function printedBy(page: string): readonly string[] {
  return blocksFor("output")
    .filter((block) => block.page === page)
    .flatMap(({ text }) => text.trim().split("\n"));
}

/** Ids and times are other ones at each run. */
function anyNumber(text: string): string {
  return text.replace(/\d{13,}/g, "NUMBER");
}

/** True if the range, such as `^8.11.0` or `>=11 <14`, has a version of this major number. */
function allows(range: string | undefined, major: number): boolean {
  if (range === undefined) return false;
  const bounds = [...range.matchAll(/(\^|>=|<)(\d+)/g)];
  return bounds.every(([, sign, bound]) => {
    if (sign === "^") return major === Number(bound);
    return sign === "<" ? major < Number(bound) : major >= Number(bound);
  });
}
