import type { StoreSink } from "../../store.ts";
import { Outage } from "../shared/outage.ts";
import { Trimmer } from "../shared/trimmer.ts";
import { Commits } from "./commits.ts";
import { Cursor } from "./cursor.ts";
import { explain } from "./failures.ts";
import { Feed } from "./feed.ts";
import { type OpenFile, openFile, type Source } from "./file.ts";
import { SqlitePositions } from "./positions.ts";

/** A log in a file that is open. */
export interface SqliteLog {
  readonly commits: Commits;
  readonly positions: SqlitePositions;
  readonly trimmer: Trimmer;
  /** Hands over all commits before the call. Rejects with SQLite's error. */
  readonly catchUp: () => Promise<unknown>;
  /** Trims the rest, and ends everything. Rejects with SQLite's error. */
  readonly close: () => Promise<void>;
}

/** Opens the file, makes missing tables, and replays the log. Rejects with `store`, and then holds nothing open. */
export function openSqlite(source: Source, sink: StoreSink): Promise<SqliteLog> {
  return openFile(source, sink.clock, async (file) => {
    const { tables, transactions } = file;
    const cursor = new Cursor(file, sink);
    await transactions.retry(() => noteTakenAway(file));
    await transactions.retry(() => cursor.start());
    const feed = new Feed({ clock: sink.clock, file, cursor, outage: Outage.of(sink, explain) });
    const commits = new Commits({ sink, file, cursor, feed });
    const positions = new SqlitePositions(file, () => cursor.checkPlace());
    const trimmer = new Trimmer({
      clock: sink.clock,
      trim(portion) {
        if (transactions.occupied) return false;
        transactions.write(() => tables.trim(portion));
        return true;
      },
      retry: (work) => transactions.retry(work),
      outage: Outage.of(sink, explain),
    });
    const close = async (): Promise<void> => {
      feed.stop();
      await trimmer.finish().finally(() => file.close());
    };
    return { commits, positions, trimmer, catchUp: () => transactions.retry(() => cursor.catchUp()), close };
  });
}

/** Moves the beginning of a log behind rows that were taken away, before later watermarks hide the loss. */
function noteTakenAway({ tables, transactions }: OpenFile): void {
  if (transactions.read(() => tables.takenAway()) === undefined) return;
  transactions.write(() => {
    const id = tables.takenAway();
    if (id !== undefined) tables.beginAt(id);
  });
}
