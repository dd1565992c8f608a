import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { isAllowed } from "../runtimes/packed.ts";
import { repeats } from "../support/repeats.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The hall: the words that a user knows. No other file lies in `src` itself. */
const HALL = ["index", "bus", "options", "notification", "errors", "store", "schema"];

/** The hall's words that every room may know. */
const WORDS = ["errors", "notification", "schema", "store", "util/"];

/**
 * The rooms, each with the rooms and files that its files may import, types included. The longest name that fits a file
 * is its room. A name that ends with a slash is a folder with all below it; `*` stands for one name of a folder. Every
 * room may import from itself.
 */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  schema: [],
  errors: ["schema"],
  "util/": ["errors"],
  notification: ["errors", "schema"],
  store: ["util/"],
  "log/": WORDS,
  "waiters/": ["util/"],
  "core/": [...WORDS, "log/", "waiters/"],
  "stores/shared/": WORDS,
  "stores/*/": [...WORDS, "stores/shared/"],
  "stores/": [...WORDS, "stores/shared/", "stores/*/"],
  "consumers/": [...WORDS, "log/", "core/"],
  options: [...WORDS, "log/", "stores/memory", "consumers/types"],
  bus: [...WORDS, "log/", "core/", "consumers/", "options"],
  index: [...WORDS, "log/", "core/", "consumers/", "options", "bus"],
  "http/options": [...WORDS, "presence/"],
  "http/endpoint/": [...WORDS, "log/", "core/", "bus", "http/options"],
  "http/writing/": [...WORDS, "log/", "core/", "http/endpoint/"],
  "http/dialects/": [...WORDS, "log/", "http/endpoint/"],
  "http/hosts/": [...WORDS, "http/endpoint/"],
  "http/streaming/": [...WORDS, "log/", "core/", "http/endpoint/", "http/writing/"],
  "http/sse/": [...WORDS, "log/", "core/", "http/endpoint/", "http/writing/", "http/streaming/"],
  "http/mounted": [...WORDS, "log/", "core/", "bus", "http/options", "http/endpoint/", "http/writing/", "http/sse/"],
  "http/routes/": [
    ...WORDS,
    "log/",
    "core/",
    "http/options",
    "http/mounted",
    "http/endpoint/",
    "http/writing/",
    "http/dialects/",
    "http/sse/",
    "presence/",
  ],
  "http/websocket/": [
    ...WORDS,
    "log/",
    "core/",
    "bus",
    "http/options",
    "http/endpoint/",
    "http/writing/",
    "http/streaming/",
    "http/dialects/",
    "http/hosts/",
    "http/routes/",
    "presence/",
  ],
  "http/": [...WORDS, "log/", "core/", "bus", "http/**"],
  "client/transport/": ["client/"],
  "client/tabs/": ["client/", "client/transport/"],
  "client/presence/": ["client/"],
  "client/queue/": ["client/", "notification"],
  "client/": [
    "notification",
    "schema",
    "presence/member",
    "client/presence/",
    "client/queue/",
    "client/transport/",
    "client/tabs/",
  ],
  "presence/": [...WORDS, "log/", "core/", "bus"],
  "testing/": ["**"],
};

/** The only packages that the core needs. */
const DEPENDENCIES = ["p-defer", "tiny-typed-emitter"];

interface Import {
  readonly from: string;
  readonly specifier: string;
  readonly typesOnly: boolean;
}

function modulesIn(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.includes("node_modules") && !file.endsWith(".d.ts"))
    .map((file) => file.replace(/\.ts$/, "").replaceAll("\\", "/"));
}

function importsOf(folder: string, from: string): readonly Import[] {
  const text = readFileSync(join(root, folder, `${from}.ts`), "utf8").replace(/^\s*(\/?\*|\/\/).*$/gm, "");
  const found = text.matchAll(/\b(?:import|export)\s+(type\s)?[^;]*?from\s+"([^"]+)"|\bimport\("([^"]+)"\)/g);
  return [...found].map(([, type, named, dynamic]) => ({
    from,
    specifier: (named ?? dynamic)!,
    typesOnly: type !== undefined,
  }));
}

const files = modulesIn("src");
const imports = files.flatMap((file) => importsOf("src", file));

function target({ from, specifier }: Import): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  return normalize(join(dirname(from), specifier))
    .replace(/\.ts$/, "")
    .replaceAll("\\", "/");
}

function fits(file: string, name: string): boolean {
  const pattern = name.replaceAll("**", "\0").replaceAll("*", "[^/]+").replaceAll("\0", ".*");
  return new RegExp(`^${pattern}${name.endsWith("/") || name.endsWith("*") ? "" : "$"}`).test(file);
}

function roomOf(file: string): string | undefined {
  const rooms = Object.keys(ROOMS).filter((room) => fits(file, room));
  return rooms.sort((one, other) => depth(other) - depth(one) || one.indexOf("*") - other.indexOf("*"))[0];
}

function depth(room: string): number {
  return room.split("/").filter(Boolean).length + (room.endsWith("/") ? 0 : 0.5);
}

/** A circle of files, such as "a > b > a", if there is one. */
function circleIn(folder: string): string | undefined {
  const known = new Map<string, readonly string[]>();
  for (const file of modulesIn(folder))
    known.set(
      file,
      importsOf(folder, file).flatMap((one) => target(one) ?? []),
    );
  const done = new Set<string>();
  const walk = (file: string, path: readonly string[]): string | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file].join(" > ");
    if (done.has(file)) return undefined;
    for (const next of known.get(file) ?? []) {
      const circle = walk(next, [...path, file]);
      if (circle !== undefined) return circle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of known.keys()) {
    const circle = walk(file, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

describe("the house", () => {
  it("has a hall that holds nothing else", () => {
    expect(files.filter((file) => !file.includes("/")).sort()).toEqual([...HALL].sort());
  });

  it("has a room for every file", () => {
    expect(files.filter((file) => roomOf(file) === undefined)).toEqual([]);
  });

  it("has imports that point down only, types included", () => {
    const wrong = imports.flatMap((one) => {
      const to = target(one);
      if (to === undefined) return [];
      const [room, known] = [roomOf(one.from), roomOf(to)];
      const may = room === known || ROOMS[room!]!.some((name) => name === known || fits(to, name));
      return may && !isOtherStore(one.from, to) ? [] : [`${one.from} imports ${to}`];
    });
    expect(wrong).toEqual([]);
  });

  it.each(["src", "test", "bench", "examples"])("has no circle in %s, types included", (folder) => {
    expect(circleIn(folder)).toBeUndefined();
  });

  it("names each driver in one file of its store, and needs no framework anywhere", () => {
    const named = new Map<string, Set<string>>();
    for (const { from, specifier } of imports) {
      if (specifier.startsWith(".") || specifier.startsWith("node:") || DEPENDENCIES.includes(specifier)) continue;
      named.set(specifier, (named.get(specifier) ?? new Set()).add(from));
    }
    for (const [name, from] of named) {
      expect([...from], name).toHaveLength(1);
      expect([...from][0], name).toMatch(/^stores\/[a-z]+\/driver$/);
    }
  });

  it("lets nightbus itself be imported without any optional package", () => {
    const reached = new Set<string>();
    const visit = (file: string): void => {
      if (reached.has(file)) return;
      reached.add(file);
      for (const one of imports)
        if (one.from === file && !one.typesOnly) visit(target(one) ?? `package ${one.specifier}`);
    };
    visit("index");
    const packages = [...reached].filter((name) => name.startsWith("package ") && !name.startsWith("package node:"));
    expect(packages.sort(), "of tiny-typed-emitter the types alone").toEqual(["package p-defer"]);
    expect(
      [...reached].filter((file) => /^(stores\/(?!memory|shared\/(given-ids|key-ledger|key-plan)$)|http\/)/.test(file)),
    ).toEqual([]);
  });

  it("lets the browser client know nothing of the rest but types", () => {
    const known = imports.filter(({ from }) => from.startsWith("client/"));
    const foreign = known.filter((one) => !target(one)?.startsWith("client/"));
    expect(new Set(foreign.map(target))).toEqual(new Set(["notification", "schema", "presence/member"]));
    expect(foreign.every(({ typesOnly }) => typesOnly)).toBe(true);
  });

  it("lets the tests of the runtimes import what the package exports", () => {
    const known = new Set<string>();
    const walk = (file: string): readonly string[] => {
      if (known.has(file)) return [];
      known.add(file);
      const values = importsOf("test", file).filter(({ typesOnly }) => !typesOnly);
      return values.flatMap((one) => {
        const to = target(one);
        if (to === undefined || to.startsWith("../build/")) return [];
        if (!to.startsWith("../")) return walk(to);
        const source = `${to.slice("../".length)}.ts`;
        return isAllowed(source) ? [] : [`${file} imports ${source}`];
      });
    };
    const suites = modulesIn("test/runtimes/suites").map((file) => `runtimes/suites/${file}`);
    expect(suites.flatMap(walk)).toEqual([]);
    expect(known).toContain("stores/conformance/factories");
  });

  it("keeps its files small", () => {
    const long = files.filter((file) => lines(file) > 250 && !/^\/\/ Longer than/m.test(source(file)));
    expect(long).toEqual([]);
    const mounts = ["express", "koa", "fastify", "hono"].filter((name) => lines(`http/${name}`) > 40);
    expect(mounts).toEqual([]);
  });

  it("says nothing of twelve lines twice, the same or with other names", () => {
    expect(repeats(files.map((file) => ({ file, text: source(file) })))).toEqual([]);
    const twice = Array.from({ length: 12 }, (_, at) => `${"let ".repeat(at)}first(${at});`).join("\n");
    const other = twice.replaceAll("first", "second");
    expect(
      repeats([
        { file: "a", text: twice },
        { file: "b", text: `// a comment\n${other}` },
      ]),
    ).toEqual(["a:1 ~ b:2"]);
  });

  it("has no variable that other modules see change", () => {
    expect(files.filter((file) => /^export let\b/m.test(source(file)))).toEqual([]);
  });
});

/** The stores, each with a door of its name. The one in memory needs none: a bus without a store has it. */
const STORES = files.flatMap((file) => /^stores\/(?!memory$)([a-z]+)$/.exec(file)?.[1] ?? []);

describe("the front doors", () => {
  const exported = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).exports as Record<string, unknown>;

  it.each([
    ["nightbus", "index", ["Bus", "BusError", "isOn"]],
    ["nightbus/presence", "presence/presence", ["presence"]],
    ["nightbus/client", "client/client", ["ClientError", "connect"]],
    ["nightbus/client/presence", "client/presence", ["presenceOf"]],
    ["nightbus/client/queue", "client/queue", ["queueOf"]],
    ["nightbus/asyncapi", "http/asyncapi", ["asyncapi"]],
    ["nightbus/testing", "testing/index", ["ExpectationError", "FakeBus", "ManualClock", "fakeBus", "fakeClient"]],
    ["nightbus/conformance", "testing/conformance/index", ["testBus", "testStore"]],
    ...STORES.map((name) => [`nightbus/${name}`, `stores/${name}`, [name]]),
    ...["node", "fetch", "express", "koa", "hono", "fastify"].map((name) => [
      `nightbus/${name}`,
      `http/${name}`,
      ["mount"],
    ]),
    ["nightbus/websocket", "http/websocket", ["odooStatus", "websocket"]],
  ] as [string, string, string[]][])("%s exports what it says, and nothing else", async (subpath, file, names) => {
    expect(exported).toHaveProperty([subpath.replace("nightbus", ".")]);
    const module = (await import(/* @vite-ignore */ join(root, "src", `${file}.ts`))) as object;
    expect(Object.keys(module).sort()).toEqual(names);
  });

  it("are all there are", () => {
    expect(Object.keys(exported)).toHaveLength(17 + STORES.length);
    expect(existsSync(join(root, "package.json"))).toBe(true);
  });
});

function source(file: string): string {
  return readFileSync(join(root, "src", `${file}.ts`), "utf8");
}

function lines(file: string): number {
  return source(file).split("\n").length - 1;
}

/** Two stores do not know each other. */
function isOtherStore(from: string, to: string): boolean {
  const [one, other] = [from, to].map((file) => /^stores\/([a-z]+)\//.exec(file)?.[1]);
  return one !== undefined && other !== undefined && other !== "shared" && one !== other;
}
