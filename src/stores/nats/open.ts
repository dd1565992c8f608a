import type { StoreSink } from "../../store.ts";
import { EngineTime } from "../shared/engine-time.ts";
import { Outage } from "../shared/outage.ts";
import { remotePositions } from "../shared/remote-positions.ts";
import type { OpenLog } from "../shared/remote-store.ts";
import { retry } from "../shared/retry.ts";
import { Trimmer } from "../shared/trimmer.ts";
import { Commits } from "./commits.ts";
import { Connection, type Source } from "./connection.ts";
import { Cursor } from "./cursor.ts";
import { failure, isLost, mayReadAgain } from "./failures.ts";
import { Feed } from "./feed.ts";
import { appendKeyed } from "./keyed-commits.ts";
import { NatsPositions } from "./positions.ts";
import { Stream } from "./stream.ts";
import { Trims } from "./trims/trims.ts";

/** The settings of a store on NATS. */
export interface NatsSettings {
  readonly source: Source;
  readonly stream: string;
  readonly replicas: number;
}

/** A log in a stream that is open. */
export interface NatsLog extends OpenLog {
  /** The most bytes of one message's body. */
  readonly room: () => number;
}

/** Connects, makes a missing stream, and replays the log. Rejects with `store`, and then holds nothing open. */
export async function openNats({ source, stream: name, replicas }: NatsSettings, sink: StoreSink): Promise<NatsLog> {
  const { clock } = sink;
  const explain = (error: unknown): Error => failure("NATS failed in the background", error);
  const outage = (): Outage => Outage.of(sink, explain);
  const connection = await retry(clock, () => Connection.of(source, clock), mayReadAgain).catch(notOpened);
  const stream = new Stream(connection, clock, { name, replicas });
  const cursor = new Cursor(sink);
  const time = new EngineTime(clock);
  const feed = new Feed({ clock, connection, stream, cursor, time, outage: outage() });
  const catchUp = (): Promise<void> => retry(clock, () => feed.catchUp(), mayReadAgain);
  const commits = new Commits({ clock, time, connection, stream, cursor, feed });
  const trimming = outage();
  const trims = new Trims({ clock, connection, stream, cursor, catchUp, report: (error) => trimming.begin(error) });
  const trimmer = new Trimmer({
    clock,
    outage: trimming,
    trim: (portion) => trims.trim(portion),
    retry: (work) => retry(clock, work, mayReadAgain),
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
      await retry(clock, () => trims.finish(), mayReadAgain);
    } finally {
      feed.stop();
      await connection.close();
    }
  };
  return {
    clock,
    time,
    trimmer,
    append: (sends) => commits.append(sends),
    appendKeyed: (sends, bounds) => appendKeyed({ commits, cursor, feed, catchUp }, sends, bounds),
    positions: remotePositions({
      clock,
      engine: new NatsPositions({ clock, connection, log: name, replicas }),
      failures: { mayReadAgain, isLost },
    }),
    catchUp,
    close,
    room: () => stream.room,
  };
}

function notOpened(error: unknown): never {
  throw failure("NATS could not be opened", error);
}
