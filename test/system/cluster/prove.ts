import { Cluster } from "./cluster.ts";
import { Ledger } from "./ledger.ts";
import { CHANNELS } from "./lines.ts";
import { type Played, type PlayOptions, play } from "./play.ts";
import { Reader } from "./reader.ts";
import type { StoreName } from "./stores.ts";

export interface ProofOptions extends Pick<PlayOptions, "seed" | "longest" | "asleep" | "besides"> {
  /** The shortest disturbance in ms, and the number of sends to wait for, for a minute more at most. */
  readonly ms: number;
  readonly sends: number;
  readonly lanes: number;
  readonly rest: number;
}

export interface Proof {
  readonly counts: Ledger["counts"];
  readonly played: Played;
  /** The broken promises of the bus: none. */
  readonly violations: readonly string[];
}

/** The time for a cluster to finish its sends beyond `ms`, in ms. */
const LONGEST = 60_000;

/** Four nodes send and are read while nodes, connections and the engine fail; then everything is held against everything. */
export async function prove(store: StoreName, options: ProofOptions): Promise<Proof> {
  const ledger = new Ledger();
  const readers: Reader[] = [];
  const cluster = await Cluster.start({ ...options, store, ledger, size: 4 });
  const read = (name: string, channels: readonly string[], ports: () => readonly number[]) => {
    readers.push(new Reader({ name, channels, ledger, ports }));
  };
  try {
    for (const name of ["ann", "ben"]) read(name, CHANNELS, () => cluster.ports);
    read("cleo", [CHANNELS[1]], () => cluster.ports);
    const end = performance.now() + options.ms;
    const isEnough = () => ledger.counts.acknowledged >= options.sends || performance.now() >= end + LONGEST;
    const until = () => performance.now() >= end && isEnough();
    const played = await play({ ...options, cluster, until });
    await settle(cluster);
    for (const { member } of cluster.seats) read(`latecomer at ${member.name}`, CHANNELS, () => [member.port ?? 0]);
    await Promise.all(readers.map((reader) => reader.reaches(ledger.newest)));
    await Promise.all(readers.map((reader) => reader.close()));
    await Promise.all(cluster.seats.map(({ member }) => member.close()));
    ledger.check();
    return { counts: ledger.counts, played, violations: ledger.violations };
  } catch (error) {
    throw new Error([(error as Error).message, ...ledger.violations].join("\n"), { cause: error });
  } finally {
    await Promise.all(readers.map((reader) => reader.close()));
    await cluster.close();
  }
}

/** Resolves when every node has sent again, and the last of all sends is acknowledged. */
async function settle(cluster: Cluster): Promise<void> {
  const members = cluster.seats.map(({ member }) => member);
  await Promise.all(members.map((member) => member.works()));
  await Promise.all(members.map((member) => member.stop()));
  await members[0]!.mark();
}
