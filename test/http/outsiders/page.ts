import { fetchEventSource } from "@microsoft/fetch-event-source";
import { EventSourcePolyfill } from "event-source-polyfill";
import { SSE } from "sse.js";
import { type Asked, listen, type Outsider, type Tell, withLastEventId } from "./heard.ts";

declare global {
  interface Window {
    /** Set by the test. */
    readonly tell: Tell;
    hear(name: string, asked: Asked): void;
  }
}

const ACCEPT = { Accept: "text/event-stream" };

/** The clients of a page, by name. This file is bundled for Chromium. */
const OUTSIDERS: Readonly<Record<string, Outsider>> = {
  EventSource: (asked, tell) => {
    const source = new EventSource(withLastEventId(asked));
    listen(source, tell);
    return () => source.close();
  },
  "event-source-polyfill": (asked, tell) => {
    const source = new EventSourcePolyfill(withLastEventId(asked));
    listen(source, tell);
    return () => source.close();
  },
  "fetch-event-source by GET": (asked, tell) => fetching(asked, {}, tell),
  "fetch-event-source by POST": ({ url, lastEventId }, tell) => {
    const { origin, pathname, searchParams } = new URL(url, location.href);
    const body = JSON.stringify({ channels: searchParams.getAll("channels") });
    const json = { "Content-Type": "application/json" };
    return fetching({ url: origin + pathname, lastEventId }, { method: "POST", body, headers: json }, tell);
  },
  "sse.js": (asked, tell) => xhr(asked, ACCEPT, tell),
  "sse.js without Accept": (asked, tell) => xhr(asked, {}, tell),
};

window.hear = (name, asked) => {
  OUTSIDERS[name]!(asked, window.tell);
};

// Its one handler is given each event, whatever its name. The promise resolves at the end of a stream, and goes on if
// `onclose` throws.
function fetching({ url, lastEventId }: Asked, init: RequestInit, tell: Tell): () => void {
  const going = new AbortController();
  const position = lastEventId === undefined ? {} : { "last-event-id": lastEventId };
  void fetchEventSource(url, {
    ...init,
    headers: { ...(init.headers as Record<string, string>), ...position }, // they are those given above
    signal: going.signal,
    openWhenHidden: true,
    onmessage: ({ event, data }) => tell(event || "message", data),
    onclose: () => {
      throw new Error("the stream has ended");
    },
  });
  return () => going.abort();
}

// A header of one's own would be sent beside the position that it has reached, so that the position is set as a property.
function xhr({ url, lastEventId }: Asked, headers: Record<string, string>, tell: Tell): () => void {
  const source = new SSE(url, { autoReconnect: true, headers, start: false });
  if (lastEventId !== undefined) source.lastEventId = lastEventId;
  listen(source, tell);
  source.stream();
  return () => source.close();
}
