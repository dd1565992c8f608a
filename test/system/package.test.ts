import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

interface Manifest {
  readonly exports: Readonly<Record<string, Target>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
  readonly scripts: Readonly<Record<string, string>>;
  readonly keywords: readonly string[];
  readonly repository?: unknown;
  readonly publishConfig: { readonly access: string; readonly provenance?: boolean };
}

type Target = string | { readonly [condition: string]: Target };

interface Locked {
  readonly dev?: true;
  readonly peer?: true;
  readonly optional?: true;
  readonly hasInstallScript?: true;
}

interface SourceMap {
  readonly sources: readonly string[];
  readonly sourcesContent: readonly string[];
}

const root = fileURLToPath(new URL("../..", import.meta.url));
const manifest = read<Manifest>("package.json");
const locked = Object.entries(read<{ packages: Readonly<Record<string, Locked>> }>("package-lock.json").packages)
  .filter(([path]) => path !== "")
  .map(([path, facts]) => ({ name: path.replace(/^.*node_modules\//, ""), ...facts }));

// `npm test` builds no types, `npm run build` does; on the way to a verdict they have to be there.
const hasTypes = existsSync(join(root, "dist/types/index.d.ts")) || process.env["CI"] !== undefined;

describe("the package", () => {
  it("holds dist, the README, the licence and the changes, and nothing else", () => {
    const paths = packed();
    const others = paths.filter((path) => !path.startsWith("dist/"));
    expect(others.sort()).toEqual(["CHANGELOG.md", "LICENSE", "README.md", "package.json"]);
    const known = /^dist\/(types\/[\w/-]+\.d\.c?ts|cjs\/[\w-]+\.cjs|[\w-]+(\.min)?\.js(\.map)?)$/;
    expect(paths.filter((path) => path.startsWith("dist/") && !known.test(path))).toEqual([]);
    const targets = exported().filter((path) => !/\.d\.c?ts$/.test(path));
    expect(targets.filter((path) => !paths.includes(path))).toEqual([]);
  });

  it.skipIf(!hasTypes)("has the types of every export (they need `npm run build`)", () => {
    const types = exported().filter((path) => /\.d\.c?ts$/.test(path));
    expect(types.filter((path) => path.endsWith(".d.ts"))).toHaveLength(Object.keys(manifest.exports).length - 2);
    expect(types.filter((path) => path.endsWith(".d.cts"))).toHaveLength(Object.keys(manifest.exports).length - 2);
    expect(types.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it.skipIf(!hasTypes)("names each file of types after its module, and takes no module that no export reaches", () => {
    const types = packed().filter((path) => path.endsWith(".d.ts"));
    const sources = types.map((path) => path.replace(/^dist\/types/, "src").replace(/\.d\.ts$/, ".ts"));
    expect(sources.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    const entries = exported().filter((path) => path.endsWith(".d.ts"));
    expect([...reached(entries, ".d.ts")].sort()).toEqual([...types].sort());
    expect(types.filter((path) => /\/(core\/hub|log\/log)\.d\.ts$/.test(path))).toEqual([]);
  });

  it("has a source map with its sources beside every script, the minified client's too", () => {
    const paths = packed();
    const scripts = paths.filter((path) => path.endsWith(".js"));
    expect(scripts).toContain("dist/client.min.js");
    for (const script of scripts) {
      expect(paths).toContain(`${script}.map`);
      const map = read<SourceMap>(`${script}.map`);
      expect(map.sourcesContent ?? []).toHaveLength(map.sources.length);
      const { href } = new URL(`file:///dist/${script}.map`);
      if (map.sources.length > 0) expect(readFileSync(join(root, script), "utf8")).toContain(href.split("/").at(-1));
    }
    const { sources, sourcesContent } = read<SourceMap>("dist/client.min.js.map");
    const client = sources.findIndex((source) => source.endsWith("src/client/client.ts"));
    expect(sourcesContent[client]).toBe(readFileSync(join(root, "src/client/client.ts"), "utf8"));
  });

  it("brings with `nightbus/testing` the fake alone, and the suites with `nightbus/conformance`", () => {
    const testing = reached(["dist/testing.js"], ".js");
    const application = reached(["dist/index.js", "dist/fetch.js", "dist/client.js"], ".js"); // a fake client asks a mount
    const added = [...testing].filter((path) => !application.has(path));
    expect(bytesOf(added)).toBeLessThan(36_000);
    const suites = [...reached(["dist/conformance.js"], ".js")].filter((path) => !testing.has(path));
    expect(bytesOf(suites)).toBeGreaterThan(3 * bytesOf(added));
    expect([...testing].filter((path) => /from "(node:)?assert/.test(readFileSync(join(root, path), "utf8")))).toEqual(
      [],
    );
  });

  it("gives its classes the names by which they are exported", async () => {
    for (const [file, names] of [
      ["index.js", ["Bus", "BusError"]],
      ["cjs/index.cjs", ["Bus", "BusError"]],
      ["client.js", ["ClientError"]],
    ] as const) {
      const exported = (await import(/* @vite-ignore */ `file://${root}/dist/${file}`)) as Record<
        string,
        { name: string }
      >;
      expect(names.map((name) => exported[name]!.name)).toEqual(names);
    }
  });

  it("brings two packages along, which bring none", () => {
    expect(Object.keys(manifest.dependencies)).toEqual(["p-defer", "tiny-typed-emitter"]);
    const brought = locked.filter(({ dev, peer, optional }) => !dev && !peer && !optional);
    expect(brought.map(({ name }) => name)).toEqual(["p-defer", "tiny-typed-emitter"]);
  });

  it("runs nothing when it is installed; in its own checkout better-sqlite3 and esbuild do, and no others may", () => {
    const events = ["preinstall", "install", "postinstall", "prepare"];
    expect(Object.keys(manifest.scripts).filter((name) => events.includes(name))).toEqual([]);
    const running = locked.filter(({ hasInstallScript }) => hasInstallScript);
    expect([...new Set(running.map(({ name }) => name))].sort()).toEqual(["better-sqlite3", "esbuild"]);
    expect(running.filter(({ dev }) => !dev)).toEqual([]);
    expect(manifest.allowScripts).toEqual({ "better-sqlite3": true, esbuild: true });
  });

  it("says provenance if it says its repository, and only then: npm refuses the one without the other", () => {
    expect(manifest.publishConfig.provenance === true).toBe(manifest.repository !== undefined);
  });

  it("has keywords, each of them once", () => {
    expect(manifest.keywords.length).toBeGreaterThan(10);
    expect(new Set(manifest.keywords).size).toBe(manifest.keywords.length);
  });

  it("is public, and is not published before it was built and checked", () => {
    expect(manifest.publishConfig.access).toBe("public");
    expect(manifest.scripts["prepublishOnly"]).toBe("npm run check");
    expect(manifest.scripts["check"]).toContain("npm run build");
  });
});

function read<T>(file: string): T {
  return JSON.parse(readFileSync(join(root, file), "utf8")) as T;
}

/** The paths that `npm publish` would send. */
function packed(): readonly string[] {
  const text = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: root,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [tarball] = JSON.parse(text.toString()) as readonly [{ readonly files: readonly { readonly path: string }[] }];
  return tarball.files.map(({ path }) => path);
}

/** The files that the exports name. */
function exported(): readonly string[] {
  const pathsOf = (target: Target): readonly string[] =>
    typeof target === "string" ? [target] : Object.values(target).flatMap(pathsOf);
  return [...new Set(Object.values(manifest.exports).flatMap(pathsOf))].map((path) => path.replace(/^\.\//, ""));
}

/** Returns these files and all that they import from beside them, with paths from the root. */
function reached(files: readonly string[], ending: ".js" | ".d.ts"): ReadonlySet<string> {
  const known = new Set<string>();
  const visit = (file: string): void => {
    if (known.has(file)) return;
    known.add(file);
    const text = readFileSync(join(root, file), "utf8");
    for (const [, path] of text.matchAll(/(?:from |import |import\()"(\.[^"]+)\.js"/g)) {
      visit(`${join(dirname(file), path!)}${ending}`);
    }
  };
  files.forEach(visit);
  return known;
}

function bytesOf(files: readonly string[]): number {
  return files.reduce((sum, file) => sum + readFileSync(join(root, file)).length, 0);
}
