import type { StoreSink } from "../../store.ts";
import { handOver, type News } from "../shared/news.ts";
import { Occupied } from "./failures.ts";
import type { OpenFile } from "./file.ts";
import { Place } from "./place.ts";

/** A value that no data version of SQLite has. */
const UNKNOWN = -1;

/** The position of this process in the file. All rows up to it were handed over. */
export class Cursor {
  readonly #file: OpenFile;
  readonly #sink: StoreSink;
  #place: Place | undefined;
  #seen = 0;
  #version = UNKNOWN;

  constructor(file: OpenFile, sink: StoreSink) {
    this.#file = file;
    this.#sink = sink;
  }

  /** The newest id that was handed over. */
  get seen(): number {
    return this.#seen;
  }

  /** Checks that the file still lies where it was opened, since other commits are lost. Throws `store`, or SQLite's error. */
  checkPlace(): void {
    this.#place?.look();
    const outage = this.#place?.outage;
    if (outage !== undefined) throw outage;
  }

  /** Replays the file. Throws SQLite's error, and may then be called again. */
  start(): void {
    const { db, tables, transactions } = this.#file;
    this.#version = tables.dataVersion();
    transactions.read(() => {
      const { begin, last, floor } = tables.meta();
      this.#sink.reset({ begin, last, floor, gaps: tables.gaps(), watermarks: tables.watermarks() });
      for (const page of tables.pages()) this.#sink.add(page);
      this.#seen = last;
    });
    if (db.path !== undefined) this.#place = new Place(db.path, tables);
  }

  /** The commits after `seen`, if `last` is a newer id. Inside a transaction. */
  news(last: number): News | undefined {
    return last <= this.#seen ? undefined : this.#file.tables.news(this.#seen);
  }

  /** Reads and hands over the commits after `seen`. True if there were any. Throws SQLite's error. */
  catchUp(): boolean {
    const { tables, transactions } = this.#file;
    const version = tables.dataVersion();
    const news = transactions.read(() => tables.news(this.#seen));
    this.#version = version;
    if (news.last <= this.#seen) return false;
    this.handOver(news);
    return true;
  }

  handOver(news: News): void {
    handOver(news, this.#sink);
    this.#seen = news.last;
  }

  /**
   * Catches up after a commit of another connection. True if there was one. Throws `store`, `Occupied`, or SQLite's error.
   */
  look(): boolean {
    const { tables, transactions } = this.#file;
    if (transactions.occupied) throw new Occupied();
    return transactions.now(() => {
      this.checkPlace();
      return tables.dataVersion() !== this.#version && this.catchUp();
    });
  }

  /** Makes the next look read, since a commit on our own connection leaves its data version as it is. */
  forgetVersion(): void {
    this.#version = UNKNOWN;
  }
}
