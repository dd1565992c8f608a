import { missing as missingNchan } from "./nchan.ts";
import { missing as missingPushpin } from "./pushpin.ts";
import type { Rival } from "./rival.ts";

/** A kind of server beside which the bus is measured. */
interface Kind {
  /** The name in a report. */
  readonly name: string;
  readonly start: () => Promise<Rival>;
  /** A sentence that says what to install, if anything is missing. */
  readonly missing?: () => string | undefined;
}

/** The servers there are. Each loads its packages when it starts. */
export const KINDS = {
  nightbus: { name: "nightbus", start: async () => (await import("./nightbus.ts")).start() },
  nchan: { name: "nchan", start: async () => (await import("./nchan.ts")).start(), missing: missingNchan },
  "nchan polls": { name: "nchan", start: async () => (await import("./nchan.ts")).startPolls(), missing: missingNchan },
  hand: { name: "one shared chunk by hand", start: async () => (await import("./hand.ts")).start() },
  pushpin: { name: "pushpin", start: async () => (await import("./pushpin.ts")).start(), missing: missingPushpin },
  yoga: { name: "graphql-yoga's subscriptions", start: async () => (await import("./yoga.ts")).start() },
  trpc: { name: "tRPC's subscriptions", start: async () => (await import("./trpc.ts")).start() },
  "socket.io": { name: "Socket.IO", start: async () => (await import("./socket-io.ts")).start() },
  "recovering socket.io": {
    name: "Socket.IO's connection state recovery",
    start: async () => (await import("./socket-io.ts")).startRecovering(),
  },
} as const satisfies Readonly<Record<string, Kind>>;

/** The name of a kind of server. */
export type KindName = keyof typeof KINDS;

/** Returns the kinds whose programs are installed, and says on stderr which are left out, and why. */
export function installed(row: string, kinds: readonly KindName[]): readonly KindName[] {
  return kinds.filter((kind) => {
    const { name, missing }: Kind = KINDS[kind];
    const reason = missing?.();
    if (reason !== undefined) console.error(`${row} leaves out ${name}: ${reason}`);
    return reason === undefined;
  });
}
