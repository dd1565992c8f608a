import { type FSWatcher, realpathSync, watch } from "node:fs";
import { basename, dirname } from "node:path";
import { type Clock, keepAlive, type Timer } from "../../util/clock.ts";

/** How often one looks when the file cannot be watched, or watching has proved deaf, in ms. */
const OFTEN = 25;

/** How often one looks when watching works, in case it does not, in ms. */
const SELDOM = 250;

/** How many looks are taken often after one that found what watching had not told. */
const DISTRUST = 1_000;

export interface FeedOptions {
  readonly clock: Clock;
  /** The database's file. */
  readonly path: string;
  /** Looks for what others committed, and says whether there was anything. */
  readonly look: () => boolean;
}

/** Looks for what other processes commit: when the file changes, and on a coarse tick, since watching is not reliable everywhere. */
export class Feed {
  readonly #options: FeedOptions;
  readonly #watcher: FSWatcher | undefined;
  #timer: Timer | undefined;
  #distrust: number;
  #stopped = false;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#watcher = this.#watch();
    this.#distrust = this.#watcher === undefined ? Number.POSITIVE_INFINITY : 0;
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    this.#watcher?.close();
    this.#options.clock.clearTimeout(this.#timer);
  }

  // The folder is watched and not the file, since the file's log comes and goes. It lies beside the file that a link points to.
  #watch(): FSWatcher | undefined {
    const { look } = this.#options;
    try {
      const path = realpathSync(this.#options.path);
      const name = basename(path);
      const watcher = watch(dirname(path), { persistent: false }, (_, changed) => {
        if (!this.#stopped && (changed === null || changed.startsWith(name))) look();
      });
      watcher.on("error", () => {
        this.#distrust = Number.POSITIVE_INFINITY;
        watcher.close();
      });
      return watcher;
    } catch {
      return undefined;
    }
  }

  #schedule(): void {
    this.#timer = this.#options.clock.setTimeout(() => this.#tick(), this.#distrust > 0 ? OFTEN : SELDOM);
    keepAlive(this.#timer, false);
  }

  #tick(): void {
    if (this.#stopped) return;
    const found = this.#options.look();
    this.#distrust = found ? Math.max(this.#distrust, DISTRUST) : Math.max(0, this.#distrust - 1);
    this.#schedule();
  }
}
