import type { Point } from "./curves/point.ts";

interface Curve {
  points(): AsyncIterable<Point>;
}

/** How cost grows, each curve with what its x counts and what ends it. */
export const curves = {
  polls: {
    x: "parked polls in one process, each on a channel of its own",
    load: () => import("./curves/polls.ts"),
    ends: "Time and bytes a poll stay what they are; the heap ends it, and node's default limit of it.",
  },
  channels: {
    x: "channels, one notification retained on each",
    load: () => import("./curves/channels.ts"),
    ends: "What a channel costs is its entry in a Map and its row; the heap ends it.",
  },
  log: {
    x: "rows in the log, on 10,000 channels",
    load: () => import("./curves/log.ts"),
    ends: "A reader pays for what it missed and not for what is retained; the heap that holds the rows ends it.",
  },
  streams: {
    x: "connections of server-sent events",
    load: () => import("./curves/streams.ts"),
    ends: "The cost of a delivery is that of a write to a socket; the kernel's part of it ends it, which is all but a microsecond.",
  },
  nodes: {
    x: "processes that share one log and send at once",
    load: () => import("./curves/nodes.ts"),
    ends: "One order of ids is one commit after another: processes share that, and add to it only what each could not fill alone.",
  },
} as const satisfies Record<string, { readonly x: string; readonly load: () => Promise<Curve>; readonly ends: string }>;

/** The name of a curve. */
export type CurveName = keyof typeof curves;

/** Whether there is a curve of this name. */
export function isCurve(name: string): name is CurveName {
  return Object.hasOwn(curves, name);
}
