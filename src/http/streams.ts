import type { Reader } from "../reader.ts";
import { Deadlines } from "../waiters/deadlines.ts";
import type { Sink } from "./request.ts";
import { Stream, type Streaming } from "./stream.ts";

export interface StreamsOptions {
  readonly reader: Reader;
  /** How often a quiet stream is written to, in ms. */
  readonly heartbeat: number;
  /** How long a stream may last, in ms. */
  readonly maxAge: number;
  /** The most unsent bytes of a stream. */
  readonly maxBuffered: number;
}

/** How long an ended stream whose client does not read may keep its connection and what is unsent, in ms. */
const GRACE = 10_000;

/** The streams of a mount. Their heartbeats and their ends share one timer. */
export class Streams {
  readonly #options: StreamsOptions;
  readonly #shared: Streaming;
  readonly #deadlines: Deadlines<Stream>;
  #size = 0;
  #isClosed = false;

  constructor(options: StreamsOptions) {
    const { reader, maxBuffered } = options;
    this.#options = options;
    this.#shared = { reader, maxBuffered, ended: (stream) => this.#ended(stream) };
    this.#deadlines = new Deadlines<Stream>(reader.clock, (due) => {
      for (const stream of due) this.#tend(stream);
    });
  }

  /** The number of streams that have not ended. */
  get size(): number {
    return this.#size;
  }

  /** Starts a stream of these channels after this position, and returns what is to be called when its client has gone. */
  open(keys: readonly string[], last: number, sink: Sink): () => void {
    if (this.#isClosed) {
      sink.end();
      return () => {};
    }
    const { reader, heartbeat, maxAge } = this.#options;
    const stream = new Stream(this.#shared, { keys, last, sink, oldAt: reader.clock.monotonic() + maxAge });
    this.#size += 1;
    reader.meter.streamed(1);
    this.#wait(stream, Math.min(heartbeat, maxAge));
    stream.start();
    return () => {
      stream.end();
      this.#deadlines.remove(stream);
    };
  }

  /** Ends them all. */
  close(): void {
    this.#isClosed = true;
    for (const stream of this.#deadlines.drain()) {
      if (stream.hasEnded) stream.sink.destroy();
      else stream.end();
    }
  }

  #ended(stream: Stream): void {
    this.#size -= 1;
    this.#options.reader.meter.streamed(-1);
    this.#deadlines.remove(stream);
    if (stream.sink.unsent > 0) this.#wait(stream, GRACE);
  }

  #tend(stream: Stream): void {
    const { reader, heartbeat } = this.#options;
    const left = stream.oldAt - reader.clock.monotonic();
    if (stream.hasEnded) stream.sink.destroy();
    else if (left <= 0) stream.end();
    else {
      stream.beat();
      this.#wait(stream, Math.min(heartbeat, left));
    }
  }

  #wait(stream: Stream, delay: number): void {
    this.#deadlines.add(stream, this.#options.reader.clock.monotonic() + delay);
  }
}
