import type { Sink, StreamingBody } from "../endpoint/request.ts";

/** The bytes that are written before the client is waited for, as many as Node's streams take. */
const HIGH_WATER_MARK = 16 * 1024;

/**
 * Returns a body that goes on as a stream of the Streams standard. The stream ends with the request's signal, or when
 * it is cancelled. The body hears of every end, as on a server of Node.
 */
export function streamOf(body: StreamingBody, signal: AbortSignal): ReadableStream<Uint8Array> {
  let gone = (): void => {};
  const abort = (): void => sink.close();
  const sink = new FetchSink(() => {
    signal.removeEventListener("abort", abort);
    gone();
  });
  const source: UnderlyingDefaultSource<Uint8Array> = {
    start(controller) {
      sink.open(controller);
      gone = body(sink);
      if (sink.isOver) gone();
      else signal.addEventListener("abort", abort, { once: true });
      if (signal.aborted) abort();
    },
    pull: () => sink.pulled(),
    cancel: () => sink.leave(),
  };
  return new ReadableStream(source, { highWaterMark: HIGH_WATER_MARK, size: (chunk) => chunk?.byteLength ?? 0 });
}

class FetchSink implements Sink {
  readonly #over: () => void;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #drained: (() => void) | undefined;
  #isEnding = false;

  /** `over` is called once, when the client has taken everything or takes nothing more. */
  constructor(over: () => void) {
    this.#over = over;
  }

  get unsent(): number {
    return HIGH_WATER_MARK - (this.#controller?.desiredSize ?? HIGH_WATER_MARK);
  }

  /** True once the client has taken everything, or takes nothing more. */
  get isOver(): boolean {
    return this.#controller === undefined;
  }

  open(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
  }

  /** Closes the stream at once. Its reader still gets the bytes that were written. */
  close(): void {
    this.#controller?.close();
    this.leave();
  }

  /** Notes that the client takes nothing more. A second call does nothing. */
  leave(): void {
    if (this.isOver) return;
    this.#controller = undefined;
    this.#drained = undefined;
    this.#over();
  }

  /** Notes that the client has room for more. */
  pulled(): void {
    const callback = this.#drained;
    this.#drained = undefined;
    callback?.();
    if (this.#isEnding && this.unsent === 0) this.close();
  }

  write(bytes: Uint8Array): boolean {
    // An enqueued buffer may be transferred to another thread, and many streams share these bytes.
    if (!this.#isEnding) this.#controller?.enqueue(new Uint8Array(bytes));
    return this.unsent < HIGH_WATER_MARK;
  }

  drained(callback: () => void): void {
    this.#drained = callback;
  }

  // A closed stream pulls no more, and nothing else shows that the client took the rest. The stream stays open until then.
  end(): void {
    this.#isEnding = true;
    if (this.unsent === 0) this.close();
  }

  destroy(): void {
    this.#controller?.error(new Error("the client did not read"));
    this.leave();
  }
}
