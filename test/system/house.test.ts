import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The floors of the house, from the ground up. A file imports from floors below it, and from its own room. */
const FLOORS: readonly (readonly string[])[] = [
  ["version"],
  ["errors", "clock", "syncs", "abort", "diagnostics"],
  ["signals", "pace", "copies", "warnings", "emitter"],
  ["notification", "store", "meter"],
  ["input"],
  ["log/", "waiters/", "memory", "sender", "subscription"],
  ["upkeep", "options", "spy", "backing"],
  ["ticks"],
  ["reader"],
  ["bus"],
  ["stores/", "http/", "client/"],
  ["testing/"],
  ["index"],
];

/** The floors inside the rooms that have several. */
const ROOMS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  "log/": [
    ["ask", "row", "positions", "watermarks", "retention", "trimmings"],
    ["ages", "answer", "ring", "sorted", "time"],
    ["channel", "gather"],
    ["log"],
  ],
  "waiters/": [
    ["answers", "deadlines"],
    ["waiters", "watchers"],
  ],
  "stores/": [
    ["shared/news", "shared/trouble", "shared/patience", "shared/engine-time", "shared/packed", "shared/silence"],
    ["shared/trimmer"],
    ["postgres/driver", "postgres/functions", "postgres/failures"],
    ["postgres/ask", "postgres/tables"],
    ["postgres/connections", "postgres/schema", "postgres/follower", "postgres/listener"],
    ["postgres/tail", "postgres/commits"],
    ["postgres/open"],
    ["postgres/store"],
    ["postgres"],
    ["nats/driver", "nats/wire", "nats/ranges", "nats/messages", "nats/failures", "nats/stream-config"],
    ["nats/connection", "nats/changes"],
    ["nats/stream", "nats/marks"],
    ["nats/promised"],
    ["nats/follower", "nats/consumer"],
    ["nats/tail", "nats/trims"],
    ["nats/commits"],
    ["nats/open"],
    ["nats/store"],
    ["nats"],
    ["redis/driver", "redis/scripts", "redis/failures", "redis/connection"],
    ["redis/entries", "redis/link", "redis/by-redis", "redis/by-ioredis"],
    ["redis/connect"],
    ["redis/engine"],
    ["redis/follower"],
    ["redis/commits", "redis/tail"],
    ["redis/open"],
    ["redis/store"],
    ["redis"],
    ["sqlite/driver"],
    ["sqlite/tables", "sqlite/transactions", "sqlite/tail", "sqlite/place"],
    ["sqlite/file", "sqlite/commit"],
    ["sqlite/follower", "sqlite/within"],
    ["sqlite/store"],
    ["sqlite"],
  ],
  "http/": [
    ["refusal", "waits", "later", "pieces", "closing", "options", "fastify-types"],
    ["request", "crowd", "unsent", "frames", "hooks"],
    ["bodies", "outlet", "idle", "replies", "cors", "channels", "streaming", "node-sink", "fetch-sink"],
    ["body", "piecewise", "grant", "hold", "dialect"],
    ["delivery", "stream", "node-body", "fetch-host"],
    ["deliveries", "streams"],
    ["plain", "jsonrpc", "node-host"],
    ["poll", "events", "send", "health"],
    ["refused-events"],
    ["endpoint"],
    ["node", "fetch", "koa", "hono", "fastify"],
    ["express"],
  ],
  "client/": [
    ["errors", "parser"],
    ["types", "patience", "positions"],
    ["request", "tab"],
    ["pause", "stream", "subscription"],
    ["poll"],
    ["connection"],
    ["tabs"],
    ["client"],
  ],
};

/** The packages that one file alone may name. */
const DRIVERS: Readonly<Record<string, string>> = {
  "better-sqlite3": "stores/sqlite/driver",
  pg: "stores/postgres/driver",
  "@nats-io/jetstream": "stores/nats/driver",
  "@nats-io/transport-node": "stores/nats/driver",
  redis: "stores/redis/driver",
  ioredis: "stores/redis/driver",
};

interface Import {
  readonly from: string;
  readonly specifier: string;
  readonly typesOnly: boolean;
}

const files = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.replace(/\.ts$/, "").replaceAll("\\", "/"));

function importsOf(from: string): readonly Import[] {
  const text = readFileSync(join(root, "src", `${from}.ts`), "utf8").replace(/^\s*(\/?\*|\/\/).*$/gm, "");
  const found = text.matchAll(/\b(?:import|export)\s+(type\s)?[^;]*?from\s+"([^"]+)"|\bimport\("([^"]+)"\)/g);
  return [...found].map(([, type, named, dynamic]) => ({
    from,
    specifier: (named ?? dynamic)!,
    typesOnly: type !== undefined,
  }));
}

const imports = files.flatMap(importsOf);

function target({ from, specifier }: Import): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  return normalize(join(dirname(from), specifier))
    .replace(/\.ts$/, "")
    .replaceAll("\\", "/");
}

function floorOf(file: string, floors: readonly (readonly string[])[], room = ""): number {
  return floors.findIndex((names) =>
    names.some((name) => (name.endsWith("/") ? file.startsWith(room + name) : file === room + name)),
  );
}

describe("the house", () => {
  it("has a floor for every file", () => {
    const lost = files.filter((file) => {
      const room = Object.keys(ROOMS).find((name) => file.startsWith(name));
      return floorOf(file, FLOORS) === -1 || (room !== undefined && floorOf(file, ROOMS[room]!, room) === -1);
    });
    expect(lost).toEqual([]);
  });

  it("has imports that point down only, and rooms of one floor that do not know each other", () => {
    const wrong = imports.flatMap((one) => {
      const to = target(one);
      if (to === undefined) return [];
      const [below, above] = [floorOf(to, FLOORS), floorOf(one.from, FLOORS)];
      const room = Object.keys(ROOMS).find((name) => one.from.startsWith(name) && to.startsWith(name));
      const inRoom = room !== undefined && floorOf(to, ROOMS[room]!, room) < floorOf(one.from, ROOMS[room]!, room);
      const inTesting = one.from.startsWith("testing/") && to.startsWith("testing/");
      const typesInRoom = room !== undefined && one.typesOnly;
      return below < above || inRoom || inTesting || typesInRoom ? [] : [`${one.from} imports ${to}`];
    });
    expect(wrong).toEqual([]);
  });

  it("names each driver in one file, and needs no framework anywhere", () => {
    const allowed = ["p-defer", "tiny-typed-emitter"];
    const others = imports.filter(({ from, specifier }) => {
      if (specifier.startsWith(".") || specifier.startsWith("node:") || allowed.includes(specifier)) return false;
      return DRIVERS[specifier] !== from;
    });
    expect(others).toEqual([]);
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
    expect([...reached].filter((file) => /^(stores|http)\//.test(file))).toEqual([]);
  });

  it("lets the browser client know nothing of the rest but types", () => {
    const known = imports.filter(({ from }) => from.startsWith("client/"));
    const foreign = known.filter((one) => !target(one)?.startsWith("client/"));
    expect(foreign.map((one) => [target(one), one.typesOnly])).toEqual(foreign.map(() => ["notification", true]));
  });

  it("keeps its files small", () => {
    const long = files.filter((file) => lines(file) > 250 && !/^\/\/ Longer than/m.test(source(file)));
    expect(long).toEqual([]);
    const mounts = ["express", "koa", "fastify", "hono"].filter((name) => lines(`http/${name}`) > 40);
    expect(mounts).toEqual([]);
  });
});

describe("the front doors", () => {
  const exported = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).exports as Record<string, unknown>;

  it.each([
    ["nightbus", "index", ["Bus", "BusError", "isOn"]],
    ["nightbus/sqlite", "stores/sqlite", ["sqlite"]],
    ["nightbus/nats", "stores/nats", ["nats"]],
    ["nightbus/postgres", "stores/postgres", ["postgres"]],
    ["nightbus/redis", "stores/redis", ["redis"]],
    ["nightbus/client", "client/client", ["ClientError", "connect"]],
    [
      "nightbus/testing",
      "testing/index",
      ["ExpectationError", "FakeBus", "ManualClock", "fakeBus", "fakeClient", "testBus", "testStore"],
    ],
    ...["node", "fetch", "express", "koa", "hono", "fastify"].map((name) => [
      `nightbus/${name}`,
      `http/${name}`,
      ["mount"],
    ]),
  ] as [string, string, string[]][])("%s exports what it says, and nothing else", async (subpath, file, names) => {
    expect(exported).toHaveProperty([subpath.replace("nightbus", ".")]);
    const module = (await import(/* @vite-ignore */ join(root, "src", `${file}.ts`))) as object;
    expect(Object.keys(module).sort()).toEqual(names);
  });

  it("are all there are", () => {
    expect(Object.keys(exported)).toHaveLength(15);
    expect(existsSync(join(root, "package.json"))).toBe(true);
  });
});

function source(file: string): string {
  return readFileSync(join(root, "src", `${file}.ts`), "utf8");
}

function lines(file: string): number {
  return source(file).split("\n").length - 1;
}
