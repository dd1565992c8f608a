import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../support/language.ts";

interface Manifest {
  readonly engines: { readonly node: string };
  readonly scripts: Readonly<Record<string, string>>;
}

interface Step {
  readonly run?: string;
  readonly uses?: string;
}

interface Job {
  readonly container?: string;
  readonly services?: Readonly<Record<string, { readonly image: string }>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly strategy?: { readonly matrix: { readonly node: readonly string[] } };
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly jobs: Readonly<Record<string, Job>>;
}

interface Form {
  readonly name: string;
  readonly description: string;
  readonly body: readonly { readonly type: string; readonly id?: string; readonly attributes: { label?: string } }[];
}

const text = (file: string): string => readFileSync(join(root, file), "utf8");
const manifest = (folder = ""): Manifest => JSON.parse(text(join(folder, "package.json"))) as Manifest;
const yaml = (folder: string): readonly string[] =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".yml"))
    .map((name) => join(folder, name));

// The install of docs brings the parser of YAML. On the way to a verdict it has to be there.
const hasParser = existsSync(join(root, "docs/node_modules/yaml")) || process.env["CI"] !== undefined;

describe.skipIf(!hasParser)("the files for GitHub (they need `npm ci --prefix docs`)", () => {
  const { parse } = hasParser
    ? (createRequire(join(root, "docs/package.json"))("yaml") as { parse(source: string): unknown })
    : { parse: () => undefined };
  const read = <T>(file: string): T => parse(text(file)) as T;

  describe.each(yaml(".github/workflows"))("%s", (file) => {
    const jobs = (): readonly Job[] => Object.values(read<Workflow>(file).jobs);

    it("runs programs and scripts that there are", () => {
      const commands = jobs().flatMap(({ steps }) => steps.flatMap(({ run }) => run?.split("\n") ?? []));
      expect(commands.length).toBeGreaterThan(0);
      expect(commands.map((command) => command.trim()).flatMap(lostIn)).toEqual([]);
    });

    it("names a version of every action that it uses", () => {
      const used = jobs().flatMap(({ steps }) => steps.flatMap(({ uses }) => uses ?? []));
      expect(used.filter((action) => !/^[\w-]+\/[\w-]+@v\d+$/.test(action))).toEqual([]);
    });

    it("runs on Node versions that `engines` takes, the oldest among them", () => {
      const oldest = Number(/^>=(\d+)\.\d+$/.exec(manifest().engines.node)?.[1]);
      for (const { strategy, container } of jobs()) {
        const versions = strategy!.matrix.node.map(Number);
        expect(Math.min(...versions)).toBe(oldest);
        expect(container).toContain(`node:\${{ matrix.node }}-`);
      }
    });

    it("tells `.ci/run` the address of every service", () => {
      for (const { services = {}, env = {} } of jobs()) {
        const hosts = Object.values(env).map((address) => new URL(address).hostname);
        expect(hosts.sort()).toEqual(Object.keys(services).sort());
      }
    });
  });

  it("has forms whose fields have a name each", () => {
    const forms = yaml(".github/ISSUE_TEMPLATE").filter((file) => !file.endsWith("config.yml"));
    expect(forms.length).toBeGreaterThan(1);
    for (const { name, description, body } of forms.map((file) => read<Form>(file))) {
      expect([typeof name, typeof description]).toEqual(["string", "string"]);
      const fields = body.filter(({ type }) => type !== "markdown");
      expect(new Set(fields.map(({ id }) => id)).size).toBe(fields.length);
      expect(fields.filter(({ id, attributes }) => id === undefined || attributes.label === undefined)).toEqual([]);
    }
  });

  it("looks after every folder with packages of its own", () => {
    const { updates } = read<{ updates: readonly Readonly<Record<string, unknown>>[] }>(".github/dependabot.yml");
    const { directories } = updates.find((update) => update["package-ecosystem"] === "npm")!;
    const folders = [
      "",
      "bench",
      "docs",
      "examples",
      "test/frameworks",
      "test/packaging",
      "test/runtimes",
      "test/runtimes/application",
    ];
    expect(folders.filter((folder) => !existsSync(join(root, folder, "package-lock.json")))).toEqual([]);
    expect(directories).toEqual(folders.map((folder) => `/${folder}`));
  });
});

describe("`.ci/run`", () => {
  const commands = text(".ci/run").split("\n");

  it("can be executed", () => {
    expect(statSync(join(root, ".ci/run")).mode & 0o111).toBe(0o111);
  });

  it("runs scripts that there are, after it installed their folder", () => {
    const npm = commands.filter((command) => command.startsWith("npm "));
    expect(npm.length).toBeGreaterThan(5);
    expect(npm.flatMap(lostIn)).toEqual([]);
    const prefixes = npm.flatMap((command) => /--prefix (\S+)/.exec(command)?.[1] ?? []);
    expect(prefixes.filter((prefix) => !npm.includes(`npm ci --prefix ${prefix}`))).toEqual([]);
  });
});

describe("the scripts that the pages tell a contributor to run", () => {
  it.each(["README.md", "CONTRIBUTING.md", "docs/releasing.md"])("are there for %s", (page) => {
    const named = [...text(page).matchAll(/`((?:npm (?:ci|test|run|start)|\.ci\/)[^`]*)`/g)].map(
      ([, command]) => command!,
    );
    expect(named.length).toBeGreaterThan(0);
    expect(named.flatMap(lostIn)).toEqual([]);
  });
});

/** Returns the scripts and programs that a command names and that are not there. */
function lostIn(command: string): readonly string[] {
  if (!command.startsWith("npm ")) return existsSync(join(root, command.split(" ")[0]!)) ? [] : [command];
  const [, verb, name] = /^npm (\w+)(?: ([\w:]+))?/.exec(command)!;
  const folder = /--prefix (\S+)/.exec(command)?.[1] ?? "";
  if (!existsSync(join(root, folder, "package.json"))) return [command];
  if (verb === "ci") return existsSync(join(root, folder, "package-lock.json")) ? [] : [command];
  const script = verb === "run" ? name! : verb!;
  return manifest(folder).scripts[script] === undefined ? [command] : [];
}
