import type { Clock } from "../clock.ts";
import { Deadlines, type Due } from "../waiters/deadlines.ts";
import { Stream, type StreamOptions } from "./stream.ts";

export interface StreamsOptions {
  readonly clock: Clock;
  /** How often a quiet stream is written to, in ms. */
  readonly heartbeat: number;
  /** How long a stream may last, in ms. */
  readonly maxAge: number;
}

/** How long an ended stream whose client does not read may keep its connection and what is unsent, in ms. */
const GRACE = 10_000;

/** A stream, and what is to be done with it next. */
interface Tended extends Due {
  readonly stream: Stream;
  /** When it grows too old, by the monotonic clock. */
  readonly end: number;
  readonly destroy: () => void;
  hasEnded: boolean;
}

/** The streams of a mount. Their heartbeats and their ends share one timer. */
export class Streams {
  readonly #options: StreamsOptions;
  readonly #deadlines: Deadlines<Tended>;
  #isClosed = false;

  constructor(options: StreamsOptions) {
    this.#options = options;
    this.#deadlines = new Deadlines<Tended>(options.clock, (due) => {
      for (const tended of due) this.#tend(tended);
    });
  }

  /** Starts a stream, and returns what is to be called when its client has gone. */
  open(options: StreamOptions): () => void {
    const { sink } = options;
    if (this.#isClosed) {
      sink.end();
      options.ended();
      return () => {};
    }
    const ended = (): void => {
      tended.hasEnded = true;
      this.#deadlines.remove(tended);
      if (sink.unsent > 0) this.#wait(tended, GRACE);
      options.ended();
    };
    const stream = new Stream({ ...options, ended });
    const { clock, heartbeat, maxAge } = this.#options;
    const end = clock.monotonic() + maxAge;
    const tended: Tended = { stream, end, destroy: () => sink.destroy(), hasEnded: false, bucket: undefined, slot: 0 };
    this.#wait(tended, Math.min(heartbeat, maxAge));
    stream.start();
    return () => {
      stream.end();
      this.#deadlines.remove(tended);
    };
  }

  /** Ends them all. */
  close(): void {
    this.#isClosed = true;
    for (const tended of this.#deadlines.drain()) {
      if (tended.hasEnded) tended.destroy();
      else tended.stream.end();
    }
  }

  #tend(tended: Tended): void {
    const { clock, heartbeat } = this.#options;
    const left = tended.end - clock.monotonic();
    if (tended.hasEnded) tended.destroy();
    else if (left <= 0) tended.stream.end();
    else {
      tended.stream.beat();
      this.#wait(tended, Math.min(heartbeat, left));
    }
  }

  #wait(tended: Tended, delay: number): void {
    this.#deadlines.add(tended, this.#options.clock.monotonic() + delay);
  }
}
