import type { Following } from "../../core/following.ts";
import type { Hub } from "../../core/hub.ts";
import type { Answer } from "../../log/answer.ts";
import type { Sink } from "../endpoint/request.ts";
import type { StreamKind } from "../streaming/stream-kind.ts";
import { Streams, type StreamsOptions } from "../streaming/streams.ts";
import { framesOf, heartbeat, hello, missed } from "./frames.ts";

/** The bounds of the event streams of a mount. */
export interface EventStreamsOptions extends Omit<StreamsOptions<Sink>, "kind"> {
  /** The pause between two writes to a quiet stream, in ms. */
  readonly heartbeat: number;
  /** The longest life of a stream, in ms. */
  readonly maxAge: number;
}

/** The beginning of one event stream. */
export interface Beginning {
  /** The reader behind the stream, at the position where the stream begins. */
  readonly following: Following;
  /** True if the stream first tells that something was missed. */
  readonly missed: boolean;
  readonly sink: Sink;
}

/** The bounds of the pause before a client comes back, in ms. */
const RETRY = { from: 1_000, to: 3_000 };

/** The time for which an ended stream keeps its connection if the client does not read, in ms. */
const GRACE = 10_000;

/** The server-sent events of a mount. */
export class EventStreams {
  readonly #options: EventStreamsOptions;
  readonly #streams: Streams<Sink>;

  constructor(options: EventStreamsOptions) {
    const { hub } = options;
    const kind: StreamKind<Sink> = {
      framesOf,
      missed: (_, from, answer) => missed(from, positionBefore(hub, answer)),
      // A heartbeat moves a quiet client's cursor, if the client has everything.
      beat(stream, now) {
        const position = stream.moveToNewest();
        if (position !== undefined) stream.write(heartbeat(position));
        return now + options.heartbeat;
      },
      end: (sink) => sink.end(),
      grace: ({ isUnsent }) => (isUnsent ? GRACE : undefined),
      count: (change) => hub.meter.countStream(change),
    };
    this.#options = options;
    this.#streams = new Streams({ ...options, kind });
  }

  /** The number of streams that have not ended. */
  get size(): number {
    return this.#streams.size;
  }

  /** Starts a stream. Returns a callback for when its client has gone. */
  open({ following, missed: owesMissed, sink }: Beginning): () => void {
    const { hub, heartbeat: pause, maxAge } = this.#options;
    const greeting = (): Uint8Array => {
      const { last } = following;
      // After a restart all clients come back, but not all in the same moment.
      const first = hello(last, Math.round(RETRY.from + Math.random() * (RETRY.to - RETRY.from)), pause);
      return owesMissed ? Buffer.concat([first, missed(last, positionBefore(hub, following.peek()))]) : first;
    };
    const stream = this.#streams.open({ following, sink, greeting, maxAge, pause });
    return () => stream?.gone();
  }

  /** Ends all streams. */
  close(): void {
    this.#streams.close();
  }
}

function positionBefore(hub: Hub, answer: Answer | undefined): number {
  const first = answer?.rows[0];
  return first === undefined ? (answer?.last ?? hub.last) : hub.positionBefore(first.id);
}
