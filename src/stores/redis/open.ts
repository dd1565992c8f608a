import { randomBytes } from "node:crypto";
import type { Clock } from "../../clock.ts";
import type { StoreSink } from "../../store.ts";
import { EngineTime } from "../shared/engine-time.ts";
import { patiently } from "../shared/patience.ts";
import { Trimmer } from "../shared/trimmer.ts";
import { Trouble } from "../shared/trouble.ts";
import { Commits } from "./commits.ts";
import { connectBy } from "./connect.ts";
import { type Ask, Engine } from "./engine.ts";
import { failure, mayReadAgain } from "./failures.ts";
import { Follower } from "./follower.ts";
import { Link } from "./link.ts";
import { Tail } from "./tail.ts";

export interface RedisSettings {
  /** A client of the application's, or how to connect. */
  readonly source: string | object;
  readonly prefix: string;
}

/** A log that is open. */
export interface Opened {
  readonly clock: Clock;
  readonly commits: Commits;
  readonly trimmer: Trimmer;
  readonly time: EngineTime;
  /** Hands over what was committed before the call. Rejects with the client's error. */
  readonly catchUp: () => Promise<void>;
  /** Trims what is left, and ends everything. Rejects with the client's error. */
  readonly close: () => Promise<void>;
}

/** Connects, makes what is missing, and replays the log. Rejects with `store`, and holds nothing open then. */
export async function openRedis({ source, prefix }: RedisSettings, sink: StoreSink): Promise<Opened> {
  const { clock } = sink;
  const engine = new Engine(prefix);
  const time = new EngineTime(clock);
  const trouble = (): Trouble =>
    new Trouble(
      (error) => sink.error(error),
      (error) => failure("Redis failed in the background", error),
    );
  const unopened = (error: unknown): never => {
    throw failure("Redis could not be opened", error);
  };
  const connect = await connectBy(source, engine.log).catch(unopened);
  const link = new Link(clock, connect);
  const ask: Ask = (command) => link.ask(command);
  const create = (): Promise<void> => engine.create(ask, randomBytes(12).toString("hex"), clock.base());
  const follower = new Follower({ clock, engine, sink, time, ask, restore: create });
  const catchUp = (): Promise<void> => patiently(clock, () => follower.catchUp(), mayReadAgain);
  const commits = new Commits({ clock, time, engine, ask, follower, catchUp });
  const tail = new Tail({
    clock,
    link: new Link(clock, connect),
    log: engine.log,
    follower,
    renew: () => link.renew(),
    trouble: trouble(),
  });
  const trimmer = new Trimmer({
    clock,
    trouble: trouble(),
    trim: async (batch) => {
      await engine.trim(ask, batch);
      return true;
    },
    patiently: (work) => patiently(clock, async () => work(), mayReadAgain),
  });
  try {
    await patiently(clock, create, mayReadAgain);
    await catchUp();
  } catch (error) {
    link.close();
    unopened(error);
  }
  tail.start();
  const close = async (): Promise<void> => {
    tail.stop();
    await trimmer.finish().finally(() => link.close());
  };
  return { clock, commits, trimmer, time, catchUp, close };
}
