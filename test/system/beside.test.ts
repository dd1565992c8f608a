import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { pageOf, plotsOf, withPart } from "../../bench/beside.ts";
import type { Line } from "../../bench/harness.ts";
import { sizingPart } from "../../bench/scale/sizing.ts";
import { type Results, sittingsIn } from "../../bench/sittings.ts";
import { offences, proseOf, root } from "../support/language.ts";

const FAN_OUT = "fan-out to 1,000 streams, CPU a delivery";

function line(id: string, workload: string, beside: string, ours: string, rival: string, control = 1): Line {
  return { id, workload, beside, ours, rival, ratio: 1, low: 1, high: 1, control, target: undefined };
}

function sitting(date: string, ...lines: readonly Line[]): Results {
  return { where: "here", date, lines, points: [] };
}

const WHOLE = sitting(
  "2026-01-01",
  line("H6", FAN_OUT, "nchan", "8.01 us", "4.5 us"),
  line("H6", FAN_OUT, "pushpin", "8.01 us", "5 us"),
  line("H6", "floor: one chunk by hand, to 1,000 streams", "nchan", "7 us", "4.5 us"),
  line("H6", "resident memory of each of 1,000 streams", "nchan", "19.5 kB", "10.2 kB"),
  line("H7", "long-poll fan-out, CPU a poll", "nchan", "30 us", "15 us"),
  line("H7", "floor: by hand, CPU a poll", "nchan", "26 us", "15 us"),
  line("H8", "clients reconnect, CPU a notification", "nchan", "0.3 us", "2.6 us"),
  line("H8", "clients reconnect, time until all have all", "nchan", "800 ms", "5600 ms"),
);

describe("the part of the page about other servers", () => {
  it("is what the sittings give, with each plot that it shows", () => {
    const page = readFileSync(join(root, "docs/performance.md"), "utf8");
    const sittings = sittingsIn(new URL("../../bench/sittings/", import.meta.url));
    expect(withPart(page, pageOf(sittings, sizingPart()))).toBe(page);
    const missing = plotsOf(sittings).filter(({ file }) => !existsSync(join(root, "bench", file)));
    expect(missing).toEqual([]);
  });

  it("has a bar for us, for each rival and for the floor", () => {
    const [fanOut, memory, polls, ...catchUp] = plotsOf([WHOLE]);
    expect(fanOut!.bars).toEqual([
      { name: "nightbus", value: 8.01 },
      { name: "nchan", value: 4.5 },
      { name: "pushpin", value: 5 },
    ]);
    expect(memory!.bars.map(({ value }) => value)).toEqual([19.5, 10.2]);
    expect(polls!.bars).toEqual([
      { name: "nightbus", value: 30 },
      { name: "nchan", value: 15 },
      { name: "by hand in Node", value: 26 },
    ]);
    expect(catchUp.map(({ bars }) => bars[1]!.value)).toEqual([2.6, 5600]);
  });

  it("takes the newest sitting with the most servers that is not void, and is empty without one", () => {
    const newer = sitting(
      "2026-01-02",
      ...["nchan", "pushpin"].map((name) => line("H6", FAN_OUT, name, "9 us", "4 us")),
    );
    const smaller = sitting("2026-01-03", line("H6", FAN_OUT, "nchan", "7 us", "4 us"));
    const broken = sitting("2026-01-04", line("H6", FAN_OUT, "nchan", "1 us", "1 us", 2));
    expect(plotsOf([WHOLE, newer, smaller, broken])[0]!.bars[0]).toEqual({ name: "nightbus", value: 9 });
    expect(plotsOf([broken])).toEqual([]);
    expect(pageOf([broken])).toBe("");
  });

  it("keeps the rest of the page and the rules of language", () => {
    const part = pageOf([WHOLE]);
    expect(proseOf("page", part).flatMap(({ text }) => offences(text))).toEqual([]);
    const page = readFileSync(join(root, "docs/performance.md"), "utf8");
    const filled = withPart(page, part);
    expect(filled).toContain("](../bench/beside-polls.svg)");
    expect(withPart(filled, part)).toBe(filled);
    expect(withPart(filled, "")).toBe(withPart(page, ""));
    expect(() => withPart("no marks", part)).toThrow("lacks the marks");
  });
});
