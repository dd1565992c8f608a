import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type AddressInfo, createServer } from "node:net";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFiles } from "../stores/files.ts";
import { ADDRESSES } from "../support/engines/addresses.ts";
import { ENGINES, type EngineName } from "../support/engines/engines.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));
// Inside the project, so that `nightbus` means this one.
const folder = join(root, "test", `readme-${process.pid}`);
const newPath = temporaryFiles();
const tsx = createRequire(import.meta.url).resolve("tsx");

const blocks = blocksIn("README.md");
const guide = blocksIn("examples/testing/README.md");
const programs = [...blocks, ...guide].filter(({ kind }) => kind === "ts").map(({ text }) => text);
const commands = blocks.filter(({ text }) => text.startsWith("curl"));
const printed = blocks
  .filter(({ kind }) => kind === "json" || kind === "text")
  .flatMap(({ text }) => text.trim().split("\n"));

beforeAll(() => mkdirSync(folder));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the programs in the README and in the guide to testing", () => {
  it("compile under the project's own strict flags", { timeout: 90_000 }, () => {
    const files = programs.map((text, index) => {
      const file = join(folder, `checked-${index}.ts`);
      writeFileSync(file, `${text}\nexport {};\n`);
      return file;
    });
    const config = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile).config as {
      compilerOptions: object;
    };
    const { options } = ts.convertCompilerOptionsFromJson({ ...config.compilerOptions, noUnusedLocals: false }, root);
    const found = ts.getPreEmitDiagnostics(ts.createProgram(files, options));
    expect(found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))).toEqual([]);
  });

  it.for(programs.map((text, index) => ({ name: text.split("\n").slice(0, 3).join(" "), text, index })))(
    "run: $name",
    { timeout: 30_000 },
    async ({ text, index }, { skip, onTestFinished }) => {
      const engines = (Object.keys(ENGINES) as EngineName[]).filter((name) => text.includes(ADDRESSES[name][0]));
      const missing = engines.map((name) => ENGINES[name].missing()).find((reason) => reason !== undefined);
      if (missing !== undefined && process.env["CI"] === undefined) skip(missing);
      const env = environment();
      for (const name of engines) {
        // A server of its own, since the program uses the names that nightbus uses unless others are given.
        const instance = ENGINES[name].create();
        onTestFinished(() => instance.close());
        await instance.start();
        env[ADDRESSES[name][0]] = instance.connection();
      }
      const file = join(folder, `run-${index}.ts`);
      const imports = text.match(/^import .*$/gm)!.join("\n");
      // What listens would go on for ever.
      const rest = text.replace(/^import .*$/gm, "").replace(/^export .*$/gm, "");
      writeFileSync(file, `${imports}\n${rest}\nsetImmediate(() => process.exit());\nexport {};\n`);
      const { stdout } = await run(process.execPath, ["--import", tsx, file], {
        cwd: dirname(newPath()),
        env,
      });
      const said = [...text.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, output]) => output);
      expect(stdout.split("\n").filter((line) => line !== "")).toEqual(said);
    },
  );
});

describe("the README's curl lines", () => {
  it("print against `npm start` what it says", async () => {
    const path = newPath();
    const port = await freePort();
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: { start: string } };
    const [build, serve] = scripts.start.split(" && ");
    expect(build).toBe("tsup --no-dts --no-clean --silent"); // test/build.ts has done it
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
      for (const line of commands.flatMap(({ text }) => text.trim().split("\n"))) {
        const command = line.replaceAll("localhost:3000", `localhost:${port}`);
        const { stdout } = await run("bash", ["-c", command], { cwd: dirname(path) });
        outputs.push(...anyNumber(stdout).trim().split("\n"));
      }
      expect(outputs.length).toBeGreaterThanOrEqual(9);
      for (const line of printed) expect(outputs).toContain(anyNumber(line));
    } finally {
      server.kill("SIGKILL");
      await once(server, "close");
    }
  });
});

/** The blocks of code in a file, which import what lies beside it. */
function blocksIn(file: string): readonly { readonly kind: string; readonly text: string }[] {
  const found = readFileSync(join(root, file), "utf8").matchAll(/```(\w+)\n([\s\S]*?)```/g);
  const beside = `from "${relative(folder, join(root, dirname(file)))}/`;
  return [...found].map(([, kind, text]) => ({ kind: kind!, text: text!.replaceAll('from "./', beside) }));
}

/** Ids and times are other ones at each run. */
function anyNumber(text: string): string {
  return text.replace(/\d{13,}/g, "NUMBER");
}

function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env["PATH"], HOME: process.env["HOME"], TSX_TSCONFIG_PATH: join(root, "tsconfig.json") };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
