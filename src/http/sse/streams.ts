import type { Hub } from "../../core/hub.ts";
import { Deadlines } from "../../util/deadlines.ts";
import type { Unsent } from "../writing/unsent.ts";
import { Stream } from "./stream.ts";
import type { StreamContext, StreamOptions } from "./stream-context.ts";

/** The bounds of the streams of a mount. */
export interface StreamsOptions {
  readonly hub: Hub;
  readonly unsent: Unsent;
  /** The pause between two writes to a quiet stream, in ms. */
  readonly heartbeat: number;
  /** The longest life of a stream, in ms. */
  readonly maxAge: number;
  /** The most unsent bytes of a stream. */
  readonly maxBuffered: number;
  /** The time in which a client must take some of its unsent bytes, in ms. */
  readonly unsentTimeout: number;
  /** Receives the errors of streams. */
  readonly failed: (thrown: unknown) => void;
  /** The owner, which each open stream keeps from being collected. */
  readonly mount: object;
}

/** The time for which an ended stream keeps its connection if the client does not read, in ms. */
const GRACE = 10_000;

/** The shortest pause between two looks at a stream, in ms. */
const SHORTEST_LOOK = 1_000;

/** The streams of a mount. Their heartbeats and their ends share one timer. */
export class Streams {
  readonly #options: StreamsOptions;
  readonly #shared: StreamContext<Stream>;
  readonly #deadlines: Deadlines<Stream>;
  /**
   * The longest pause between two looks at a stream, in ms. Heartbeats may be rarer, and a client must not pin unsent
   * bytes meanwhile.
   */
  readonly #look: number;
  #size = 0;
  #isClosed = false;

  constructor(options: StreamsOptions) {
    this.#options = options;
    this.#look = Math.max(options.unsentTimeout / 2, SHORTEST_LOOK);
    this.#shared = { ...options, ended: (stream) => this.#ended(stream) };
    this.#deadlines = new Deadlines<Stream>(options.hub.clock, (due) => {
      for (const stream of due) this.#tend(stream);
    });
  }

  /** The number of streams that have not ended. */
  get size(): number {
    return this.#size;
  }

  /** Starts a stream. Returns a callback for when its client has gone. */
  open(options: Omit<StreamOptions, "oldAt">): () => void {
    if (this.#isClosed) {
      options.sink.end();
      return () => {};
    }
    const { hub, heartbeat, maxAge } = this.#options;
    const now = hub.clock.monotonic();
    const stream = new Stream(this.#shared, { ...options, oldAt: now + maxAge });
    stream.beatAt = now + heartbeat;
    this.#size += 1;
    hub.meter.countStream(1);
    this.#deadlines.add(stream, Math.min(now + this.#look, stream.beatAt, stream.oldAt));
    stream.start();
    return () => {
      stream.gone();
      this.#deadlines.remove(stream);
    };
  }

  /** Ends all streams. */
  close(): void {
    this.#isClosed = true;
    for (const stream of this.#deadlines.drain()) {
      if (stream.hasEnded) stream.sink.destroy();
      else stream.end();
    }
  }

  #ended(stream: Stream): void {
    this.#size -= 1;
    this.#options.hub.meter.countStream(-1);
    this.#deadlines.remove(stream);
    if (stream.isUnsent) this.#deadlines.add(stream, this.#options.hub.clock.monotonic() + GRACE);
  }

  #tend(stream: Stream): void {
    const { hub, heartbeat, unsentTimeout } = this.#options;
    const now = hub.clock.monotonic();
    const stuckAt = stream.stuckAt(now, unsentTimeout);
    if (stream.hasEnded) stream.sink.destroy();
    else if (now >= stream.oldAt) stream.end();
    else if (now >= stuckAt) stream.giveUp();
    else {
      if (now >= stream.beatAt) {
        stream.beat();
        stream.beatAt = now + heartbeat;
      }
      this.#deadlines.add(stream, Math.min(now + this.#look, stream.beatAt, stream.oldAt, stuckAt));
    }
  }
}
