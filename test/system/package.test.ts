import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

interface Manifest {
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
  readonly scripts: Readonly<Record<string, string>>;
  readonly keywords: readonly string[];
  readonly repository?: unknown;
  readonly publishConfig: { readonly access: string; readonly provenance?: boolean };
}

interface Locked {
  readonly dev?: true;
  readonly peer?: true;
  readonly optional?: true;
  readonly hasInstallScript?: true;
}

const root = fileURLToPath(new URL("../..", import.meta.url));
const manifest = read<Manifest>("package.json");
const locked = Object.entries(read<{ packages: Readonly<Record<string, Locked>> }>("package-lock.json").packages)
  .filter(([path]) => path !== "")
  .map(([path, facts]) => ({ name: path.replace(/^.*node_modules\//, ""), ...facts }));

// `npm test` builds no types, `npm run build` does; on the way to a verdict they have to be there.
const hasTypes = existsSync(join(root, "dist/index.d.ts")) || process.env["CI"] !== undefined;

describe("the package", () => {
  it("holds dist, the README, the licence and the changes, and nothing else", () => {
    const paths = packed();
    const others = paths.filter((path) => !path.startsWith("dist/"));
    expect(others.sort()).toEqual(["CHANGELOG.md", "LICENSE", "README.md", "package.json"]);
    expect(paths.filter((path) => /^dist\/(?![\w-]+(\.d)?\.ts$|[\w-]+(\.min)?\.js$)/.test(path))).toEqual([]);
    const targets = exported().filter((path) => !path.endsWith(".d.ts"));
    expect(targets.filter((path) => !paths.includes(path))).toEqual([]);
  });

  it.skipIf(!hasTypes)("has the types of every export (they need `npm run build`)", () => {
    const types = exported().filter((path) => path.endsWith(".d.ts"));
    expect(types).toHaveLength(Object.keys(manifest.exports).length - 1);
    expect(types.filter((path) => !existsSync(join(root, path)))).toEqual([]);
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
  const targets = Object.values(manifest.exports).flatMap((target) =>
    typeof target === "string" ? [target] : Object.values(target),
  );
  return targets.map((path) => path.replace(/^\.\//, ""));
}
