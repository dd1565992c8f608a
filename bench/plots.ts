import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import type { Bar } from "./beside.ts";
import type { Point } from "./curves/point.ts";

/** The data of a plot: points of one curve whose series end so, by their x. */
export interface Plot {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly points: readonly Point[];
}

/** A plot with both axes logarithmic, as SVG. */
export async function svgOf({ title, x, y, points }: Plot): Promise<string> {
  const spec: TopLevelSpec = {
    title,
    width: 560,
    height: 320,
    padding: 12,
    background: "white",
    data: { values: points.map(({ series, x: at, y: value }) => ({ series, at, value })) },
    mark: { type: "line", point: true },
    encoding: {
      x: { field: "at", type: "quantitative", title: x, scale: { type: "log" } },
      y: { field: "value", type: "quantitative", title: y, scale: { type: "log" } },
      color: { field: "series", type: "nominal", title: null, sort: null, legend: { labelLimit: 300 } },
    },
  };
  return await new View(parse(compile(spec).spec), { renderer: "none" }).toSVG();
}

/** Bars with their values, the shortest first, as SVG. That of nightbus stands out. */
export async function barsOf(title: string, unit: string, bars: readonly Bar[]): Promise<string> {
  const values = bars.toSorted((one, other) => one.value - other.value);
  const scale = { domain: values.map(({ name }) => name) };
  const y = { field: "name", type: "nominal", title: null, scale, axis: { labelLimit: 300 } } as const;
  const x = { field: "value", type: "quantitative", title: unit } as const;
  const color = { condition: { test: "datum.name === 'nightbus'", value: "#2546b8" }, value: "#b8bccb" };
  const spec: TopLevelSpec = {
    title,
    width: 480,
    height: { step: 30 },
    padding: 12,
    background: "white",
    data: { values },
    encoding: { x, y },
    layer: [
      { mark: "bar", encoding: { color } },
      { mark: { type: "text", align: "left", dx: 4 }, encoding: { text: { field: "value", format: ".3~r" } } },
    ],
  };
  return await new View(parse(compile(spec).spec), { renderer: "none" }).toSVG();
}
