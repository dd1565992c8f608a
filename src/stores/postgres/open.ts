import { randomBytes } from "node:crypto";
import type { PendingRow, StoreSink } from "../../store.ts";
import { EngineTime } from "../shared/engine-time.ts";
import type { Ids, Sends } from "../shared/given-ids.ts";
import { Outage } from "../shared/outage.ts";
import type { OpenLog } from "../shared/remote-store.ts";
import { retry } from "../shared/retry.ts";
import { Trimmer } from "../shared/trimmer.ts";
import { ask as askOn } from "./ask.ts";
import { Commits } from "./commits.ts";
import { makeCursor } from "./cursor.ts";
import { failure, isLogGone, mayCommitAgain, mayReadAgain } from "./failures.ts";
import { Feed } from "./feed.ts";
import { prepareKeys } from "./keys.ts";
import { Connections, type Source } from "./pool.ts";
import { postgresPositions } from "./positions.ts";
import { prepareSchema } from "./schema.ts";
import { type Ask, Tables } from "./tables.ts";

/** The part of an outage that is the outbox's. */
const OUTBOX = "outbox";

/** The settings of a store on Postgres. */
export interface PostgresSettings {
  readonly source: Source;
  readonly schema: string;
  /** The config of a connection that can LISTEN. Undefined if the pool's own can. */
  readonly listen: object | undefined;
}

/** A log in Postgres that is open. */
export interface PostgresLog extends OpenLog {
  /** Writes a send into the application's transaction. False for a transaction of another database. Rejects with pg's error. */
  readonly put: (ask: Ask, send: readonly PendingRow[]) => Promise<boolean>;
}

/** Connects, makes missing tables, and replays the log. Rejects with `store`, and then holds nothing open. */
export async function openPostgres(
  { source, schema, listen }: PostgresSettings,
  sink: StoreSink,
): Promise<PostgresLog> {
  const { clock } = sink;
  const named = `"${schema.replaceAll('"', '""')}"`;
  const node = randomBytes(9).toString("base64url");
  const connections = await Connections.of(source, clock);
  const tables = new Tables(named);
  const time = new EngineTime(clock);
  const explain = (error: unknown): Error => failure("Postgres failed in the background", error);
  const outage = Outage.of(sink, explain);
  const prepare = (): Promise<void> => connections.lend((client) => prepareSchema(client, named, clock.base()));
  const feed = new Feed({ clock, connections, listen, channel: `nightbus ${named}`, node, outage });
  const { ask } = feed;
  const move = (): void =>
    void commits.move().then(
      () => outage.end(OUTBOX),
      (error) => outage.begin(error, OUTBOX),
    );
  const cursor = makeCursor({
    clock,
    tables,
    sink,
    time,
    ask,
    restore: prepare,
    commitOutbox: move,
    outboxIsEmpty: () => outage.end(OUTBOX),
    doubtServer: () => feed.doubt(),
  });
  const catchUp = (): Promise<void> => retry(clock, () => cursor.catchUp(), mayReadAgain);
  const commits = new Commits({
    clock,
    time,
    tables,
    cursor,
    catchUp,
    node,
    ask: (...asked) => connections.ask(...asked),
    prepareKeys: () => connections.lend((client) => prepareKeys((...asked) => askOn(client, ...asked), named)),
    lost: () => feed.lookForOwn(),
    error: (error) => sink.error(error),
  });
  const trimmer = new Trimmer({
    clock,
    outage: Outage.of(sink, explain),
    trim: (portion) => tables.trim((...asked) => connections.ask(...asked), portion),
    retry: (work) => retry(clock, work, mayReadAgain),
  });
  try {
    await retry(clock, prepare, mayCommitAgain);
    await feed.listen();
    await catchUp();
    feed.follow(cursor, move);
  } catch (error) {
    await feed.stop();
    await connections.end();
    throw failure("Postgres could not be opened", error);
  }
  const close = async (): Promise<void> => {
    const stopped = feed.stop();
    await trimmer.finish().finally(() => Promise.all([stopped, connections.end()]));
  };
  const append = (sends: Sends): Promise<Ids> => commits.append(sends);
  const appendKeyed: PostgresLog["appendKeyed"] = (sends, bounds) => commits.appendKeyed(sends, bounds);
  const positions = postgresPositions({ clock, connections, named, own: ask, catchUp });
  return { clock, append, appendKeyed, trimmer, time, put: putBy(tables, ask), positions, catchUp, close };
}

/**
 * Writes into the application's transactions. The place of the log is read at the first use, and again if a transaction is
 * elsewhere, since the server may have restarted. `own` reads on the connection that listens: the application may hold all
 * others.
 */
function putBy(tables: Tables, own: Ask): PostgresLog["put"] {
  let place: string | undefined;
  return async (ask, send) => {
    const known = place;
    place ??= await tables.place(own);
    try {
      if (await tables.put(ask, send, place)) return true;
    } catch (error) {
      if (!isLogGone(error)) throw error;
      await tables.place(own); // rejects if the log itself is gone, which is then the reason
      return false;
    }
    if (known === undefined) return false;
    place = await tables.place(own);
    return place !== known && tables.put(ask, send, place);
  };
}
