import type { Point } from "./curves/point.ts";

interface Curve {
  points(): AsyncIterable<Point>;
}

/** The curves of growing cost, each with its x and its end. */
export const curves = {
  polls: {
    x: "parked polls in one process, each on a channel of its own",
    load: () => import("./curves/polls.ts"),
    ends: "A poll among a million takes no longer to park, and about the same heap. The heap and its default limit in Node end the curve.",
  },
  channels: {
    x: "channels, one notification retained on each",
    load: () => import("./curves/channels.ts"),
    ends: "A channel costs its entry in a Map and its row. The heap ends the curve.",
  },
  log: {
    x: "rows in the log, on 10,000 channels",
    load: () => import("./curves/log.ts"),
    ends: "Each reader is 10,000 rows behind, and pays for rows that it missed, not for all retained rows. The heap that holds the rows ends the curve.",
  },
  streams: {
    x: "connections of server-sent events",
    load: () => import("./curves/streams.ts"),
    ends: "A delivery costs a write to a socket. The bus takes at most a microsecond more than the same by hand.",
  },
  nodes: {
    x: "processes that share one log and send at once",
    load: () => import("./curves/nodes.ts"),
    ends: "Each process has 32 producers, and each producer awaits 20 sends. One order of ids is one commit after another. On SQLite more processes may send more, since sends gather while the disk works for another one. On the engines two send at most a quarter more than one, and four send less.",
  },
} as const satisfies Record<string, { readonly x: string; readonly load: () => Promise<Curve>; readonly ends: string }>;

/** The name of a curve. */
export type CurveName = keyof typeof curves;

/** Returns true if there is a curve of this name. */
export function isCurve(name: string): name is CurveName {
  return Object.hasOwn(curves, name);
}
