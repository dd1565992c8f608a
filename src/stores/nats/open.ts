import type { StoreSink } from "../../store.ts";
import type { Clock } from "../../util/clock.ts";
import { EngineTime } from "../shared/engine-time.ts";
import { Outage } from "../shared/outage.ts";
import { retry } from "../shared/retry.ts";
import { Trimmer } from "../shared/trimmer.ts";
import { Commits } from "./commits.ts";
import { Connection, type Source } from "./connection.ts";
import { Cursor } from "./cursor.ts";
import { failure, mayAskAgain, mayPass } from "./failures.ts";
import { Feed } from "./feed.ts";
import { Stream } from "./stream.ts";
import { Trims } from "./trims.ts";

export interface NatsSettings {
  readonly source: Source;
  readonly stream: string;
  readonly replicas: number;
}

/** A log that is open. */
export interface Opened {
  readonly clock: Clock;
  readonly time: EngineTime;
  readonly stream: Stream;
  readonly commits: Commits;
  readonly trimmer: Trimmer;
  /** Hands over what was committed before the call. */
  readonly catchUp: () => Promise<void>;
  /** Trims what is left, and ends everything. */
  readonly close: () => Promise<void>;
}

/** Connects, makes the stream if it is missing, and replays the log. Rejects with `store`, and holds nothing open then. */
export async function openNats({ source, stream: name, replicas }: NatsSettings, sink: StoreSink): Promise<Opened> {
  const { clock } = sink;
  const explain = (error: unknown): Error => failure("NATS failed in the background", error);
  const outage = (): Outage => new Outage((error) => sink.error(error), explain);
  const connection = await retry(clock, () => Connection.of(source, clock), mayPass).catch(notOpened);
  const stream = new Stream(connection, clock, { name, replicas });
  const cursor = new Cursor(sink);
  const time = new EngineTime(clock);
  const feed = new Feed({ clock, connection, stream, cursor, time, outage: outage() });
  const catchUp = (): Promise<void> => retry(clock, () => feed.catchUp(), mayAskAgain);
  const commits = new Commits({ clock, time, connection, stream, cursor, feed });
  const trimming = outage();
  const trims = new Trims({ clock, connection, stream, cursor, catchUp, failed: (error) => trimming.failed(error) });
  const trimmer = new Trimmer({
    clock,
    outage: trimming,
    trim: (batch) => trims.trim(batch),
    patiently: (work) => retry(clock, async () => work(), mayAskAgain),
  });
  try {
    await catchUp();
    feed.follow();
  } catch (error) {
    feed.stop();
    await connection.close();
    throw notOpened(error);
  }
  const close = async (): Promise<void> => {
    try {
      await trimmer.finish();
      await retry(clock, () => trims.finish(), mayAskAgain);
    } finally {
      feed.stop();
      await connection.close();
    }
  };
  return { clock, time, stream, commits, trimmer, catchUp, close };
}

function notOpened(error: unknown): never {
  throw failure("NATS could not be opened", error);
}
