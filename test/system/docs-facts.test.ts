import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Bus, type BusStats } from "nightbus";
import { connect } from "nightbus/client";
import { type QueueOptions, queueOf } from "nightbus/client/queue";
import { mount } from "nightbus/fetch";
import { describe, expect, it } from "vitest";
import { diagnostics } from "../../src/core/diagnostics.ts";
import { checkOptions as checkMount } from "../../src/http/options.ts";
import { checkRetention } from "../../src/log/retention.ts";
import { checkOptions as checkBus } from "../../src/options.ts";
import { PAGES, root } from "../support/pages.ts";

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  min: 60_000,
  hours: 3_600_000,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  Mi: 2 ** 20,
};

describe("the tables of the pages", () => {
  it("have each option of a mount, with its default", () => {
    const rows = tableAfter("docs/mounts.md", "## Options");
    expect(namesIn(rows)).toEqual(optionsIn(() => mount(new Bus(), { nope: 1 } as object)));
    const defaults = checkMount({}) as unknown as Readonly<Record<string, unknown>>;
    const told = rows.filter(([, value]) => /^\d/.test(value!)).map(([name, value]) => [bare(name!), numberIn(value!)]);
    expect(told.length).toBe(14);
    expect(told).toEqual(told.map(([name]) => [name, defaults[name as string]]));
  });

  it("have each option of a bus and of its retention, with its default", () => {
    const rows = tableAfter("docs/channels-and-retention.md", "`new Bus(options)` takes these options:");
    expect(namesIn(rows)).toEqual(optionsIn(() => new Bus({ nope: 1 } as object)));
    const { limit, maxMessage, maxSend } = checkBus({});
    const told = Object.fromEntries(rows.map(([name, value]) => [bare(name!), value!]));
    expect([told["limit"], told["maxMessage"], told["maxSend"]].map((value) => numberIn(value!))).toEqual([
      limit,
      maxMessage,
      maxSend,
    ]);
    const bounds = tableAfter("docs/channels-and-retention.md", "## Retention");
    expect(namesIn(bounds)).toEqual(optionsIn(() => new Bus({ retention: { nope: 1 } as object })));
    const { age, count, total, bytes } = checkRetention();
    expect(bounds.slice(0, 4).map(([, value]) => numberIn(value!))).toEqual([age, count, total, bytes]);
  });

  it("have each option, status and code of the client", () => {
    const known = optionsIn(() => connect("/bus", { nope: 1 } as object));
    expect(namesIn(tableAfter("docs/client.md", "## Options"))).toEqual(known);
    const types = readFileSync(join(root, "src/client/types.ts"), "utf8");
    const statuses = literalsOf(types, "Status");
    expect(namesIn(tableAfter("docs/client.md", "The event `status`"))).toEqual(statuses);
    const errors = readFileSync(join(root, "src/client/errors.ts"), "utf8");
    const named = namesIn(tableAfter("docs/client.md", "The mount's own refusals")).filter((name) =>
      /^\w+$/.test(name),
    );
    expect(named).toEqual(literalsOf(errors, "ClientErrorCode"));
  });

  it("have each option of an offline queue", () => {
    const client = connect("/bus", { fetch: () => new Promise(() => {}) });
    const rows = tableAfter("docs/offline-queue.md", "## Options");
    expect(namesIn(rows)).toEqual(optionsIn(() => queueOf(client, { nope: 1 } as object as QueueOptions)));
    client.close();
  });

  it("have each code of an error", () => {
    const errors = readFileSync(join(root, "src/errors.ts"), "utf8");
    const named = namesIn(tableAfter("docs/channels-and-retention.md", "## Errors"));
    expect(named).toEqual(literalsOf(errors, "BusErrorCode"));
  });

  it("have each number and each diagnostics channel", () => {
    const stats = Object.keys(new Bus().stats()) as (keyof BusStats)[];
    expect(namesIn(tableAfter("docs/observability.md", "console.log((await register"))).toEqual([...stats].sort());
    const channels = namesIn(tableAfter("docs/observability.md", "## Diagnostics channels"));
    expect(channels).toEqual(Object.keys(diagnostics).sort());
  });

  it("have each subpath that is exported", () => {
    const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly exports: object };
    const text = PAGES.map((page) => readFileSync(join(root, page), "utf8")).join("\n");
    const subpaths = Object.keys(exports).map((subpath) => subpath.replace(/^\./, "nightbus"));
    expect(subpaths.filter((subpath) => !text.includes(subpath) && !subpath.endsWith(".json"))).toEqual([]);
    const named = [...text.matchAll(/\bnightbus\/([\w-]+(?:\.min\.js)?)/g)].map(([, name]) => `nightbus/${name}`);
    expect(named.filter((name) => !subpaths.includes(name))).toEqual([]);
  });
});

describe("the text of the pages", () => {
  it("names files that there are", () => {
    const named = PAGES.flatMap((page) =>
      [...readFileSync(join(root, page), "utf8").matchAll(/`((?:src|test|bench|examples|docs)\/[\w./-]+)`/g)].map(
        ([, path]) => ({ page, path: path! }),
      ),
    );
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter(({ path }) => !existsSync(join(root, path)))).toEqual([]);
  });

  it("has figures of speed that bench/results.md has", () => {
    const rows = [...tableAfter("docs/performance.md", "## Each row"), ...tableAfter("README.md", "## Speed")];
    const ratios = rows.flatMap(([, , , ratio]) =>
      ratio!
        .replace(/ times as many$/, "")
        .split(" to ")
        .map(Number),
    );
    const results = tableAfter("bench/results.md", "| id");
    // The ratio of a row that counts bytes is these bytes; there the page divides.
    const measured = results.flatMap(([, , , here, beside, ratio, each]) => [
      ...[ratio!, ...each!.split(", ")].map(Number),
      Number.parseFloat(here!) / Number.parseFloat(beside!),
    ]);
    const lost = ratios.filter((ratio) => !measured.some((figure) => isNear(figure, ratio)));
    expect(rows.length).toBeGreaterThan(15);
    expect(lost).toEqual([]);
  });
});

/** Returns the cells of the first table after a text of the page, without its head. */
function tableAfter(page: string, text: string): readonly (readonly string[])[] {
  const whole = readFileSync(join(root, page), "utf8");
  const from = whole.indexOf(text);
  expect(from, `${page} has: ${text}`).toBeGreaterThan(-1);
  const lines = whole.slice(from).split("\n");
  const start = lines.findIndex((line) => line.startsWith("|"));
  const end = lines.findIndex((line, at) => at > start && !line.startsWith("|"));
  return lines.slice(start + 2, end).map((line) =>
    line
      .replace(/^\| ?| ?\|$/g, "")
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  );
}

/** The names in the first cells, sorted. */
function namesIn(rows: readonly (readonly string[])[]): readonly string[] {
  return rows.flatMap(([first]) => first!.split(", ").map(bare)).sort();
}

function bare(name: string): string {
  return name.replaceAll("`", "");
}

/** The options that a function names when it is given one that it does not know, sorted. */
function optionsIn(give: () => unknown): readonly string[] {
  try {
    give();
  } catch (error) {
    const [, list] = /(?:it has|one of) (.*?)(?:: nope)?$/.exec((error as Error).message)!;
    return list!.split(", ").sort();
  }
  throw new Error("an unknown option was taken");
}

function numberIn(text: string): number {
  const [, number, unit = ""] = /^([\d,]+) ?(\w*)/.exec(text)!;
  return Number(number!.replaceAll(",", "")) * (UNITS[unit] ?? 1);
}

/** The string literals of a union type in a source, sorted. */
function literalsOf(source: string, type: string): readonly string[] {
  const [, union] = new RegExp(`export type ${type} =([\\s\\S]*?);\\n`).exec(source)!;
  return [...union!.matchAll(/"(\w+)"/g)].map(([, literal]) => literal!).sort();
}

/** True if the figure is the one of a page, which shows two digits. */
function isNear(figure: number, shown: number): boolean {
  return Math.abs(figure / shown - 1) < 0.05;
}
