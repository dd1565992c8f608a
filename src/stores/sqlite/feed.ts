import { type FSWatcher, realpathSync, watch } from "node:fs";
import { basename, dirname } from "node:path";
import { type Clock, keepAlive, type Timer } from "../../util/clock.ts";
import type { Outage } from "../shared/outage.ts";
import { PollLoop } from "../shared/poll-loop.ts";
import type { Cursor } from "./cursor.ts";
import type { OpenFile } from "./file.ts";

/** The pause between two looks when the file cannot be watched, or its watcher proved deaf, in ms. */
const OFTEN = 25;

/** The pause between two looks while the watcher works, in ms. */
const SELDOM = 250;

/** The number of frequent looks after one that found a commit without the watcher. */
const DISTRUST = 1_000;

/** The pause between two checks for the end of the application's transaction, in ms. */
const PAUSE = 10;

/** The parts that a feed of a file needs. */
export interface FeedOptions {
  readonly clock: Clock;
  readonly file: OpenFile;
  readonly cursor: Cursor;
  readonly outage: Outage;
}

/** Looks for commits of other processes when the file changes, and at intervals, since a watcher may be deaf. */
export class Feed {
  readonly #options: FeedOptions;
  readonly #polls: PollLoop;
  readonly #watcher: FSWatcher | undefined;
  #distrust = 0;
  #hasFound = false;
  #timer: Timer | undefined;

  constructor(options: FeedOptions) {
    const { clock, outage, file } = options;
    this.#options = options;
    this.#polls = new PollLoop({
      clock,
      outage,
      pause: () => (this.#distrust > 0 ? OFTEN : SELDOM),
      turn: () => this.#turn(),
      work: () => {
        this.#hasFound = options.cursor.look();
        return undefined;
      },
    });
    const { path } = file.db;
    if (path === undefined) return;
    this.#watcher = this.#watch(path);
    if (this.#watcher === undefined) this.#distrust = Number.POSITIVE_INFINITY;
    this.#polls.start();
  }

  /** Looks as soon as the application's transaction on our connection has ended. */
  expect(): void {
    this.#options.cursor.forgetVersion();
    void Promise.resolve().then(() => this.#lookWhenFree());
  }

  stop(): void {
    this.#polls.stop();
    this.#watcher?.close();
    this.#options.clock.clearTimeout(this.#timer);
  }

  // The folder is watched, since the file's write-ahead log comes and goes. For a link, that log lies beside its target.
  #watch(file: string): FSWatcher | undefined {
    if (opensWhatItWatches()) return undefined;
    try {
      const path = realpathSync(file);
      const name = basename(path);
      const watcher = watch(dirname(path), { persistent: false }, (_, changed) => {
        if (!this.#polls.isStopped && (changed === null || changed.startsWith(name))) void this.#polls.look();
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

  #turn(): void {
    this.#hasFound = false;
    void this.#polls.look(); // runs before it returns
    this.#distrust = this.#hasFound ? Math.max(this.#distrust, DISTRUST) : Math.max(0, this.#distrust - 1);
  }

  #lookWhenFree(): void {
    if (this.#polls.isStopped) return;
    if (!this.#isOccupied()) {
      void this.#polls.look();
      return;
    }
    this.#timer = this.#options.clock.setTimeout(() => this.#lookWhenFree(), PAUSE);
    keepAlive(this.#timer, false);
  }

  #isOccupied(): boolean {
    try {
      return this.#options.file.transactions.occupied;
    } catch {
      return false; // the handle is closed, and the look reports that
    }
  }
}

// Deno's watcher opens each changed file and closes it again. The system then drops the locks that SQLite holds on it, so
// that commits of other processes are lost.
function opensWhatItWatches(): boolean {
  return process.versions["deno"] !== undefined;
}
