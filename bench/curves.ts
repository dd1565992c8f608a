import type { Point } from "./curves/point.ts";

interface Curve {
  points(): AsyncIterable<Point>;
}

/** The curves of growing cost, each with its x and its end. */
export const curves = {
  polls: {
    x: "parked polls in one process, each on a channel of its own",
    load: () => import("./curves/polls.ts"),
    ends: "Time and bytes of a poll stay the same. The heap and its default limit in Node end the curve.",
  },
  channels: {
    x: "channels, one notification retained on each",
    load: () => import("./curves/channels.ts"),
    ends: "A channel costs its entry in a Map and its row. The heap ends the curve.",
  },
  log: {
    x: "rows in the log, on 10,000 channels",
    load: () => import("./curves/log.ts"),
    ends: "A reader pays for the rows that it missed, and not for retained rows. The heap that holds the rows ends the curve.",
  },
  streams: {
    x: "connections of server-sent events",
    load: () => import("./curves/streams.ts"),
    ends: "A delivery costs a write to a socket. The kernel's part, all but a microsecond, ends the curve.",
  },
  nodes: {
    x: "processes that share one log and send at once",
    load: () => import("./curves/nodes.ts"),
    ends: "One order of ids is one commit after another. Processes share that order, and add only sends that one alone could not make.",
  },
} as const satisfies Record<string, { readonly x: string; readonly load: () => Promise<Curve>; readonly ends: string }>;

/** The name of a curve. */
export type CurveName = keyof typeof curves;

/** Returns true if there is a curve of this name. */
export function isCurve(name: string): name is CurveName {
  return Object.hasOwn(curves, name);
}
