import type { BusError } from "../../errors.ts";
import type { StoreSink } from "../../store.ts";
import { keepAlive } from "../../util/clock.ts";
import { handOver, type News } from "../shared/news.ts";
import { Outage } from "../shared/outage.ts";
import { Feed } from "./feed.ts";
import { type OpenFile, outage } from "./open.ts";
import { Place } from "./place.ts";

/** No data version of SQLite's. */
const UNKNOWN = -1;

/** How long is waited for the end of a transaction before looking again, in ms. */
const PAUSE = 10;

/** Where this process stands in the file: what it has handed over, and what others have committed since. */
export class Cursor {
  readonly #file: OpenFile;
  readonly #sink: StoreSink;
  readonly #outage: Outage;
  #feed: Feed | undefined;
  #place: Place | undefined;
  #seen = 0;
  #version = UNKNOWN;
  #stopped = false;

  constructor(file: OpenFile, sink: StoreSink) {
    this.#file = file;
    this.#sink = sink;
    this.#outage = new Outage((error) => sink.error(error), outage);
  }

  /** The newest id that was handed over. */
  get seen(): number {
    return this.#seen;
  }

  /** Replays the file, and from then on hands over what others commit. Throws SQLite's error, and has begun nothing then. */
  start(): void {
    const { tables } = this.#file;
    const { memory, name } = this.#file.db;
    this.#replay();
    if (memory) return;
    this.#place = new Place(name, () => tables.bytes());
    this.#feed = new Feed({ clock: this.#sink.clock, path: name, look: () => this.#look() });
  }

  /** Why nothing can be sent: the file does not lie any longer where it was opened. */
  get displaced(): BusError | undefined {
    return this.#place?.outage;
  }

  /** What was committed since, with `last` the newest id. Inside a transaction. */
  news(last: number): News | undefined {
    return last <= this.#seen ? undefined : this.#file.tables.news(this.#seen);
  }

  /** Reads and hands over what was committed since, and says whether there was anything. Throws SQLite's error. */
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

  /** Something was written within a transaction of the application's: it is looked for as soon as that has ended. */
  expect(): void {
    this.#version = UNKNOWN; // a commit on our own connection does not change its data version
    void Promise.resolve().then(() => this.#lookWhenFree());
  }

  stop(): void {
    this.#stopped = true;
    this.#feed?.stop();
  }

  #lookWhenFree(): void {
    if (this.#stopped) return;
    if (!this.#file.transactions.occupied) this.#look();
    else
      keepAlive(
        this.#sink.clock.setTimeout(() => this.#lookWhenFree(), PAUSE),
        false,
      );
  }

  #replay(): void {
    const { tables, transactions } = this.#file;
    this.#version = tables.dataVersion();
    transactions.read(() => {
      const { begin, last, floor } = tables.meta();
      this.#sink.reset({ begin, last, floor, gaps: tables.gaps(), watermarks: tables.watermarks() });
      for (const page of tables.pages()) this.#sink.commit(page);
      this.#seen = last;
    });
  }

  /** Looks for what others committed, in passing: what goes wrong is reported, and the next look tries again. */
  #look(): boolean {
    const { tables, transactions } = this.#file;
    if (transactions.occupied) return false;
    try {
      const found = transactions.now(() => {
        this.#place?.look();
        if (this.displaced !== undefined) throw this.displaced;
        return tables.dataVersion() !== this.#version && this.catchUp();
      });
      this.#outage.worked();
      return found;
    } catch (error) {
      this.#outage.failed(error);
      return false;
    }
  }
}
