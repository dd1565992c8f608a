import { createParser, type EventSourceMessage } from "eventsource-parser";
import { until } from "./client.ts";

/** A stream of server-sent events as it comes over HTTP, read by eventsource-parser. */
export interface OpenStream {
  readonly status: number;
  readonly headers: Headers;
  /** All that has come. */
  readonly text: string;
  /** The frames that came, without the positions. */
  readonly events: readonly EventSourceMessage[];
  readonly positions: readonly EventSourceMessage[];
  readonly retry: number | undefined;
  /** True if the server has ended the stream. */
  readonly over: boolean;
  /** Resolves with the events when there are so many. */
  take(count: number): Promise<readonly EventSourceMessage[]>;
  /** Goes away. */
  leave(): void;
}

/** Opens a stream, and reads it as fast as it comes. */
export async function openStream(
  url: string,
  headers: Record<string, string> = {},
  init: RequestInit = {},
): Promise<OpenStream> {
  const going = new AbortController();
  const response = await fetch(url, { ...init, headers, signal: going.signal });
  const state = {
    text: "",
    events: [] as EventSourceMessage[],
    positions: [] as EventSourceMessage[],
    retry: undefined as number | undefined,
    over: false,
  };
  const parser = createParser({
    onEvent: (event) => (event.event === "position" ? state.positions : state.events).push(event),
    onRetry: (retry) => {
      state.retry = retry;
    },
  });
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      const text = decoder.decode(chunk, { stream: true });
      state.text += text;
      parser.feed(text);
    }
  };
  read()
    .catch(() => {}) // the client left, or the server went
    .finally(() => {
      state.over = true;
    });
  return Object.assign(state, {
    status: response.status,
    headers: response.headers,
    leave: () => going.abort(),
    async take(count: number) {
      await until(() => state.events.length >= count);
      return state.events;
    },
  });
}
