import type { Clock } from "../../clock.ts";
import type { StoreSink } from "../../store.ts";
import { briefly, every, patiently } from "../shared/patience.ts";
import { Trimmer } from "../shared/trimmer.ts";
import { Trouble } from "../shared/trouble.ts";
import { Commits } from "./commits.ts";
import { type Driver, driverOf } from "./driver.ts";
import { failure, isConflict, mayPass, Unreachable } from "./failures.ts";
import { Follower } from "./follower.ts";
import { Stream } from "./stream.ts";
import { Trims } from "./trims.ts";

export interface NatsSettings {
  /** A connection of the application's, or how to connect. */
  readonly source: string | object;
  readonly stream: string;
  readonly replicas: number;
}

/** A log that is open. */
export interface Opened {
  readonly clock: Clock;
  readonly stream: Stream;
  readonly commits: Commits;
  readonly trimmer: Trimmer;
  /** Hands over what was committed before the call. Rejects with the client's error. */
  readonly catchUp: () => Promise<void>;
  /** Trims what is left, and ends everything. Rejects with the client's error. */
  readonly close: () => Promise<void>;
}

/** How often one looks whether something was overlooked, in ms. */
const BEAT = 5_000;

/** Connects, makes what is missing, and replays the log. Rejects with `store`, and holds nothing open then. */
export async function openNats(settings: NatsSettings, sink: StoreSink): Promise<Opened> {
  const { clock } = sink;
  const driver = await patiently(clock, () => connected(settings.source), mayPass).catch((error) => {
    throw failure("NATS could not be opened", error);
  });
  const stream = new Stream(driver, settings.stream, settings.replicas);
  const newTrouble = (): Trouble =>
    new Trouble(
      (error) => sink.error(error),
      (error) => failure("NATS failed in the background", error),
    );
  const trouble = newTrouble();
  let isClosed = false;
  const look = async (): Promise<void> => {
    try {
      await catchUp();
      trouble.worked();
    } catch (error) {
      if (!isClosed) trouble.failed(error);
    }
  };
  const follower: Follower = new Follower({
    clock,
    sink,
    stream,
    behind: () => void look(),
    begin: (standing) => trims.begin(standing),
    orphans: (seqs) => void trims.orphans(seqs).catch((error) => trouble.failed(error)),
  });
  const trims: Trims = new Trims(clock, stream, follower);
  const catchUp = (): Promise<void> =>
    patiently(
      clock,
      () => follower.catchUp(),
      (error) => mayPass(error) || isConflict(error),
    );
  const commits = new Commits({ clock, stream, follower, catchUp });
  const trimmer = new Trimmer({
    clock,
    trouble: newTrouble(),
    trim: (batch) => trims.trim(batch),
    patiently: (work) => patiently(clock, async () => work(), mayPass),
  });
  const end = async (): Promise<void> => {
    isClosed = true;
    follower.pause();
    if (driver.isOurs) await briefly(clock, driver.connection.close());
  };
  try {
    await patiently(clock, () => stream.create(), mayPass);
    await catchUp();
  } catch (error) {
    await end();
    throw failure("NATS could not be opened", error);
  }
  const stopBeat = every(clock, BEAT, () => void look());
  void watch(driver, () => {
    follower.pause();
    if (!isClosed) void look();
  });
  const close = async (): Promise<void> => {
    stopBeat();
    await trimmer.finish().finally(end);
  };
  return { clock, stream, commits, trimmer, catchUp, close };
}

async function connected(source: string | object): Promise<Driver> {
  try {
    return await driverOf(source);
  } catch (cause) {
    throw new Unreachable("there was no connection", { cause });
  }
}

// What was read over a connection that was lost is read over the next one.
async function watch({ connection }: Driver, reconnected: () => void): Promise<void> {
  for await (const { type } of connection.status()) if (type === "reconnect") reconnected();
}
