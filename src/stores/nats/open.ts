import type { Clock } from "../../clock.ts";
import type { StoreSink } from "../../store.ts";
import { EngineTime } from "../shared/engine-time.ts";
import { patiently } from "../shared/patience.ts";
import { Trimmer } from "../shared/trimmer.ts";
import { Trouble } from "../shared/trouble.ts";
import { Commits } from "./commits.ts";
import { Connection, type Source } from "./connection.ts";
import { failure, mayAskAgain, mayPass } from "./failures.ts";
import { Follower } from "./follower.ts";
import { Stream } from "./stream.ts";
import { Tail } from "./tail.ts";
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
  const trouble = (): Trouble => new Trouble((error) => sink.error(error), explain);
  const connection = await patiently(clock, () => Connection.of(source, clock), mayPass).catch(notOpened);
  const stream = new Stream(connection, clock, { name, replicas });
  const follower = new Follower(sink);
  const time = new EngineTime(clock);
  const tail = new Tail({ clock, connection, stream, follower, time, trouble: trouble() });
  const catchUp = (): Promise<void> => patiently(clock, () => tail.catchUp(), mayAskAgain);
  const commits = new Commits({ clock, time, connection, stream, follower, tail });
  const trimming = trouble();
  const trims = new Trims({ clock, connection, stream, follower, catchUp, failed: (error) => trimming.failed(error) });
  const trimmer = new Trimmer({
    clock,
    trouble: trimming,
    trim: (batch) => trims.trim(batch),
    patiently: (work) => patiently(clock, async () => work(), mayAskAgain),
  });
  try {
    await catchUp();
    tail.follow();
  } catch (error) {
    tail.stop();
    await connection.close();
    throw notOpened(error);
  }
  const close = async (): Promise<void> => {
    try {
      await trimmer.finish();
      await patiently(clock, () => trims.finish(), mayAskAgain);
    } finally {
      tail.stop();
      await connection.close();
    }
  };
  return { clock, time, stream, commits, trimmer, catchUp, close };
}

function notOpened(error: unknown): never {
  throw failure("NATS could not be opened", error);
}
