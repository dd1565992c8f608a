import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { modules, nameOf } from "../../../build/entries.ts";
import { application } from "../packed.ts";
import { RUNTIMES, runtimeHere } from "../runtimes.ts";

const here = runtimeHere();
const { program } = RUNTIMES.find(({ name }) => name === here)!;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(application, "node_modules/types-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("has types that compile with those of this runtime", { timeout: 120_000 }, async () => {
  const file = join(folder, "program.ts");
  const imports = modules().map((subpath, index) => `export * as m${index} from "nightbus${subpath.slice(1)}";`);
  writeFileSync(file, `${imports.join("\n")}\n${PROGRAM}`);
  const [command, args] = here === "Deno" ? [program, ["check", file]] : [process.execPath, compiling(file)];
  const { stdout } = await promisify(execFile)(command, args, { cwd: application }).catch((error) => error);
  expect(stdout).toBe("");
  expect(imports.map((line) => line.split('"')[1])).toContain(`nightbus/${nameOf("./client")}`);
});

/** The arguments of the compiler, which knows the types of this runtime alone and also checks all declarations. */
function compiling(file: string): readonly string[] {
  const packages = join(application, "node_modules");
  let typeRoots = join(packages, "@types");
  if (here !== "Bun") {
    typeRoots = join(folder, "types"); // other packages find these types of Node here, too
    mkdirSync(typeRoots);
    symlinkSync(join(packages, `node-types-${here.split(" ")[1]}`), join(typeRoots, "node"));
  }
  const config = join(folder, "tsconfig.json");
  const compilerOptions = {
    target: "es2022",
    lib: ["es2023", "dom", "dom.iterable", "dom.asynciterable", "esnext.disposable"],
    module: "nodenext",
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    typeRoots: [typeRoots],
    types: [here === "Bun" ? "bun" : "node"],
  };
  writeFileSync(config, JSON.stringify({ compilerOptions, files: [file] }));
  return [createRequire(import.meta.url).resolve("typescript/bin/tsc"), "--project", config];
}

const PROGRAM = `
  import { Bus } from "nightbus";
  import { mount } from "nightbus/fetch";
  import { connect } from "nightbus/client";

  const bus = new Bus<{ lobby: { text: string } }>();
  export const fetch: (request: Request) => Promise<Response> = mount(bus, { prefix: "/longpolling" });
  export const sent: Promise<number> = bus.sendone("lobby", { text: "hello" });
  connect<{ lobby: { text: string } }>("/longpolling", { channels: ["lobby"] }).on("notification", ({ message }) => message.text);
  // @ts-expect-error the message of this channel is an object
  bus.sendone("lobby", 1);
`;
