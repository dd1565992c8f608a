import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
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
