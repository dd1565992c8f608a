import type { Hub } from "../../core/hub.ts";
import { Deadlines } from "../../util/deadlines.ts";
import type { Sink } from "../endpoint/request.ts";
import type { Unsent } from "../writing/unsent.ts";
import { Stream } from "./stream.ts";
import type { StreamContext, StreamOptions } from "./stream-context.ts";
import type { Ending, StreamKind } from "./stream-kind.ts";

/** The bounds of the streams of a mount. */
export interface StreamsOptions<S extends Sink> {
  readonly hub: Hub;
  readonly unsent: Unsent;
  readonly kind: StreamKind<S>;
  /** The most unsent bytes of a stream. */
  readonly maxBuffered: number;
  /** The time in which a client must take some of its unsent bytes, in ms. */
  readonly unsentTimeout: number;
  /** Receives the errors of streams. */
  readonly failed: (thrown: unknown) => void;
  /** The owner, which each open stream keeps from being collected. */
  readonly mount: object;
}

/** The beginning of a stream, with times from now on. */
export interface Opening<S extends Sink> extends Omit<StreamOptions<S>, "oldAt" | "beatAt"> {
  /** The longest life of the stream, in ms. */
  readonly maxAge: number;
  /** The pause before its first beat, in ms. */
  readonly pause: number;
}

/** The most graces that an ended stream has, while its client takes bytes. */
const MOST_GRACES = 12;

/** The shortest pause between two looks at a stream, in ms. */
const SHORTEST_LOOK = 1_000;

/** The streams of a mount. Their beats and their ends share one timer. */
export class Streams<S extends Sink> {
  readonly #options: StreamsOptions<S>;
  readonly #shared: StreamContext<S, Stream<S>>;
  readonly #deadlines: Deadlines<Stream<S>>;
  /**
   * The longest pause between two looks at a stream, in ms. Beats may be rarer, and a client must not pin unsent
   * bytes meanwhile.
   */
  readonly #look: number;
  #size = 0;
  #isClosed = false;

  constructor(options: StreamsOptions<S>) {
    this.#options = options;
    this.#look = Math.max(options.unsentTimeout / 2, SHORTEST_LOOK);
    this.#deadlines = new Deadlines<Stream<S>>(options.hub.clock, (due) => {
      for (const stream of due) this.#tend(stream);
    });
    this.#shared = {
      ...options,
      ended: (stream, ending) => this.#ended(stream, ending),
      gone: (stream) => this.#deadlines.remove(stream),
    };
  }

  /** The number of streams that have not ended. */
  get size(): number {
    return this.#size;
  }

  /** Starts a stream. Undefined if the streams are closed: the connection was ended. */
  open({ maxAge, pause, ...options }: Opening<S>): Stream<S> | undefined {
    const { hub, kind } = this.#options;
    if (this.#isClosed) {
      kind.end(options.sink, "closed");
      return undefined;
    }
    const now = hub.clock.monotonic();
    const stream = new Stream(this.#shared, { ...options, beatAt: now + pause, oldAt: now + maxAge });
    this.#size += 1;
    kind.count(1);
    this.#deadlines.add(stream, Math.min(now + this.#look, stream.beatAt, stream.oldAt));
    stream.start(options.greeting);
    return stream;
  }

  /** Ends all streams. */
  close(): void {
    this.#isClosed = true;
    for (const stream of this.#deadlines.drain()) {
      if (stream.hasEnded) stream.sink.destroy();
      else stream.end("closed");
    }
  }

  #ended(stream: Stream<S>, ending: Ending): void {
    const { hub, kind } = this.#options;
    this.#size -= 1;
    kind.count(-1);
    this.#deadlines.remove(stream);
    const grace = kind.grace(stream, ending);
    if (grace === undefined) return;
    const now = hub.clock.monotonic();
    stream.oldAt = now + MOST_GRACES * grace;
    this.#deadlines.add(stream, now + grace);
  }

  /** Ends the connection of an ended stream, unless its client is still taking what was written before the end. */
  #letGo(stream: Stream<S>, now: number): void {
    const { ending } = stream;
    const isPatient = (ending === "old" || ending === "slow") && stream.isUnsent; // a mount that closes waits for nobody
    const grace = isPatient ? this.#options.kind.grace(stream, ending) : undefined;
    const end = grace === undefined ? now : Math.min(stream.stuckAt(now, grace), now + grace, stream.oldAt);
    if (now < end) this.#deadlines.add(stream, end);
    else stream.sink.destroy();
  }

  #tend(stream: Stream<S>): void {
    const { hub, kind, unsentTimeout } = this.#options;
    const now = hub.clock.monotonic();
    const stuckAt = stream.stuckAt(now, unsentTimeout);
    if (stream.hasEnded) this.#letGo(stream, now);
    else if (now >= stream.oldAt) stream.end("old");
    else if (now >= stuckAt) stream.giveUp();
    else {
      if (now >= stream.beatAt) stream.beatAt = kind.beat(stream, now);
      if (stream.hasEnded) return;
      this.#deadlines.add(stream, Math.min(now + this.#look, stream.beatAt, stream.oldAt, stuckAt));
    }
  }
}
