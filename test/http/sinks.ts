import { Bus } from "nightbus";
import type { EndpointRequest, Sink } from "../../src/http/endpoint/request.ts";
import { Endpoint } from "../../src/http/endpoint.ts";
import type { MountOptions } from "../../src/http/options.ts";
import type { AnyChannels } from "../../src/notification.ts";
import { turns } from "../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../src/testing/fake/manual-clock.ts";

/** A client that takes what is written when the test says so. */
export class SinkDouble implements Sink {
  readonly writes: Uint8Array[] = [];
  unsent = 0;
  state: "open" | "ended" | "destroyed" = "open";
  /** True if the client reads at once. */
  reads = true;
  #drained: (() => void) | undefined;

  write(bytes: Uint8Array): boolean {
    if (this.state !== "open") throw new Error("written after the end");
    this.writes.push(bytes);
    if (!this.reads) this.unsent += bytes.length;
    return this.reads;
  }

  drained(callback: () => void): void {
    this.#drained = callback;
  }

  end(): void {
    this.state = "ended";
  }

  destroy(): void {
    this.state = "destroyed";
  }

  /** Takes everything that is unsent. */
  take(): void {
    this.unsent = 0;
    const callback = this.#drained;
    this.#drained = undefined;
    callback?.();
  }

  /** The texts of what was written, without the first. */
  get texts(): readonly string[] {
    return this.writes.slice(1).map((bytes) => new TextDecoder().decode(bytes));
  }
}

/** A mount on a clock that stands still, whose streams write to such clients. */
export async function makeStreams(options: MountOptions<AnyChannels, undefined> = {}, limit = 1_000, count = 1_000) {
  const clock = new ManualClock();
  const bus = new Bus({ clock, limit, retention: { count } });
  await bus.ready();
  const endpoint = new Endpoint(bus, { maxWaiting: 10, ...options });
  const openOn = async (sink: SinkDouble, query: string): Promise<() => void> => {
    const request: EndpointRequest = {
      method: "GET",
      path: "/events",
      mount: "",
      query,
      header: () => undefined,
      body: () => Promise.resolve({ text: "" }),
      signal: new AbortController().signal,
    };
    const reply = await endpoint.handle(request, undefined);
    if (typeof reply?.body !== "function") throw new Error(`no stream: ${JSON.stringify(reply)}`);
    return reply.body(sink);
  };
  const open = async (...channels: string[]) => {
    const sink = new SinkDouble();
    const gone = await openOn(sink, channels.map((name) => `channels=${name}`).join("&"));
    await turns();
    return { sink, gone, waiting: () => endpoint.waiting };
  };
  return { clock, bus, open, openOn };
}
