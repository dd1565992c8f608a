import { randomBytes } from "node:crypto";
import type { StoreSink } from "../../store.ts";
import { EngineTime } from "../shared/engine-time.ts";
import { Outage } from "../shared/outage.ts";
import { remotePositions } from "../shared/remote-positions.ts";
import type { OpenLog } from "../shared/remote-store.ts";
import { retry } from "../shared/retry.ts";
import { Trimmer } from "../shared/trimmer.ts";
import { Commits } from "./commits.ts";
import { connectBy } from "./connect.ts";
import { makeCursor } from "./cursor.ts";
import { type Ask, Engine } from "./engine.ts";
import { failure, isLost, mayReadAgain } from "./failures.ts";
import { Feed } from "./feed.ts";
import { Link } from "./link.ts";
import { RedisPositions } from "./positions.ts";
import { positionKeysOf } from "./scripts.ts";

/** The settings of a store on Redis. */
export interface RedisSettings {
  /** The application's client, or a URL, or a config of `redis`. */
  readonly source: string | object;
  readonly prefix: string;
}

/** Connects, makes a missing log, and replays it. Rejects with `store`, and then holds nothing open. */
export async function openRedis({ source, prefix }: RedisSettings, sink: StoreSink): Promise<OpenLog> {
  const { clock } = sink;
  const engine = new Engine(prefix);
  const time = new EngineTime(clock);
  const outage = (): Outage => Outage.of(sink, (error) => failure("Redis failed in the background", error));
  const unopened = (error: unknown): never => {
    throw failure("Redis could not be opened", error);
  };
  const connect = await connectBy(source, engine.logKey).catch(unopened);
  const link = new Link(clock, connect);
  const ask: Ask = (command) => link.ask(command);
  const create = (): Promise<void> => engine.create(ask, randomBytes(12).toString("hex"), clock.base());
  const cursor = makeCursor({ clock, engine, sink, time, ask, restore: create });
  const catchUp = (): Promise<void> => retry(clock, () => cursor.catchUp(), mayReadAgain);
  const commits = new Commits({ clock, time, engine, ask, cursor, catchUp, error: (error) => sink.error(error) });
  const feed = new Feed({
    clock,
    link: new Link(clock, connect),
    logKey: engine.logKey,
    cursor,
    renew: () => link.renew(),
    outage: outage(),
  });
  const trimmer = new Trimmer({
    clock,
    outage: outage(),
    trim: async (portion) => {
      await engine.trim(ask, portion);
      return true;
    },
    retry: (work) => retry(clock, work, mayReadAgain),
  });
  try {
    await retry(clock, create, mayReadAgain);
    await catchUp();
  } catch (error) {
    link.close();
    unopened(error);
  }
  feed.start();
  const close = async (): Promise<void> => {
    feed.stop();
    await trimmer.finish().finally(() => link.close());
  };
  return {
    clock,
    append: (sends) => commits.append(sends),
    appendKeyed: (sends, bounds) => commits.appendKeyed(sends, bounds),
    positions: remotePositions({
      clock,
      engine: new RedisPositions({ ask, keys: positionKeysOf(prefix), error: (error) => sink.error(error) }),
      failures: { mayReadAgain, isLost },
    }),
    trimmer,
    time,
    catchUp,
    close,
  };
}
