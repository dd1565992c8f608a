import type { Sink, StreamingBody } from "../endpoint/request.ts";

/** The bytes that are written before the client is waited for, as many as Node's streams take. */
const HIGH_WATER_MARK = 16 * 1024;

/**
 * Returns a body that goes on as a stream of the Streams standard. The stream ends with the request's signal, or when
 * it is cancelled.
 */
export function streamOf(body: StreamingBody, signal: AbortSignal): ReadableStream<Uint8Array> {
  const sink = new FetchSink();
  let gone = (): void => {};
  const abort = (): void => {
    gone(); // the close ends the stream for other readers
    sink.close();
  };
  const cancel = (): void => {
    signal.removeEventListener("abort", abort);
    sink.close();
    gone();
  };
  const source: UnderlyingDefaultSource<Uint8Array> = {
    start(controller) {
      sink.open(controller);
      gone = body(sink);
      signal.addEventListener("abort", abort, { once: true });
      if (signal.aborted) abort();
    },
    pull: () => sink.pulled(),
    cancel,
  };
  return new ReadableStream(source, { highWaterMark: HIGH_WATER_MARK, size: (chunk) => chunk?.byteLength ?? 0 });
}

class FetchSink implements Sink {
  readonly isPulled = true;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #drained: (() => void) | undefined;

  get unsent(): number {
    return HIGH_WATER_MARK - (this.#controller?.desiredSize ?? HIGH_WATER_MARK);
  }

  open(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
  }

  /** Notes that the client takes nothing more. */
  close(): void {
    this.#controller = undefined;
    this.#drained = undefined;
  }

  /** Notes that the client has room for more. */
  pulled(): void {
    const callback = this.#drained;
    this.#drained = undefined;
    callback?.();
  }

  write(bytes: Uint8Array): boolean {
    // An enqueued buffer may be transferred to another thread, and many streams share these bytes.
    this.#controller?.enqueue(new Uint8Array(bytes));
    return this.unsent < HIGH_WATER_MARK;
  }

  drained(callback: () => void): void {
    this.#drained = callback;
  }

  end(): void {
    const { unsent } = this;
    this.#controller?.close();
    if (unsent === 0) this.close(); // otherwise the client may take it until the stream is destroyed
  }

  destroy(): void {
    this.#controller?.error(new Error("the client did not read"));
    this.close();
  }
}
