import { once } from "node:events";
import { connect } from "node:net";
import { expect, it } from "vitest";
import { Bus } from "../../../src/bus.ts";
import { until } from "./client.ts";
import type { Host, Start } from "./host.ts";
import { type OpenStream, openStream } from "./stream.ts";

/** The promises of every mount to clients of server-sent events. */
export function describeEvents<Context>(start: Start<Context>, host: Host<Context>): void {
  it("streams what is committed from now on, each notification as a frame with its id", async () => {
    const { bus, client } = await start();
    await bus.sendone("a", "before");
    const now = bus.last;
    const stream = await openStream(`${client.url}/events?channels=a`);
    expect(stream.status).toBe(200);
    expect(stream.headers.get("content-type")).toMatch(/^text\/event-stream/);
    expect(stream.headers.get("cache-control")).toBe("no-cache, no-transform");
    expect(stream.headers.get("x-accel-buffering")).toBe("no");
    expect(stream.headers.get("x-content-type-options")).toBe("nosniff");
    expect(stream.headers.get("nightbus-last")).toBe(String(now));
    await until(() => stream.text.endsWith("\n\n"));
    expect(stream.text).toMatch(
      new RegExp(`^retry: \\d+\nevent: position\ndata: {"last":${now},"heartbeat":15000}\nid: ${now}\n\n$`),
    );
    const [id] = await bus.sendmany([
      ["a", { text: "one\ntwo ü\u2028" }],
      ["b", 0],
    ]);
    await stream.take(1);
    const data = `{"id":${id},"channel":"a","message":{"text":"one\\ntwo ü\u2028"}}`;
    expect(stream.events).toEqual([{ id: String(id), event: undefined, data }]);
    stream.leave();
  });

  it("resumes after Last-Event-ID, which wins over last, and after 0 with all that is retained", async () => {
    const { bus, client } = await start();
    const ids = await bus.sendmany([1, 2, 3].map((n) => ["a", n] as const));
    const byQuery = await openStream(`${client.url}/events?channels=a&last=${ids[1]}`);
    const byHeader = await openStream(`${client.url}/events?channels=a&last=0`, { "Last-Event-ID": String(ids[0]) });
    const all = await openStream(`${client.url}/events?channels=a&last=0`);
    const idsOf = (events: readonly { id?: string | undefined }[]) => events.map(({ id }) => Number(id));
    expect(idsOf(await byQuery.take(1))).toEqual(ids.slice(2));
    expect(idsOf(await byHeader.take(2))).toEqual(ids.slice(1));
    expect(idsOf(await all.take(3))).toEqual(ids);
    for (const stream of [byQuery, byHeader, all]) stream.leave();
  });

  it("says missed, with a position from which nothing more is missed", async () => {
    const { bus, client } = await start({}, new Bus({ retention: { count: 2 } }));
    const ids = await bus.sendmany([1, 2, 3, 4].map((n) => ["a", n] as const));
    const stream = await openStream(`${client.url}/events?channels=a&last=${ids[0]}`);
    const [first] = await stream.take(3);
    expect(first).toMatchObject({ event: "missed", id: String(ids[1]), data: `{"last":${ids[0]}}` });
    const resumed = await openStream(`${client.url}/events?channels=a`, { "Last-Event-ID": first!.id! });
    expect(await resumed.take(2)).toMatchObject([{ id: String(ids[2]), event: undefined }, { id: String(ids[3]) }]);
    for (const each of [stream, resumed]) each.leave();
  });

  it("keeps a quiet client's cursor current by heartbeats that nobody is told of", async () => {
    const { bus, client } = await start({ heartbeat: 20 });
    const stream = await openStream(`${client.url}/events?channels=quiet`);
    const id = await bus.sendone("other", 1);
    await until(() => stream.positions.at(-1)?.id === String(id));
    expect(stream.positions.at(-1)).toEqual({ id: String(id), event: "position", data: `{"last":${id}}` });
    expect(stream.events).toEqual([]);
    stream.leave();
  });

  it("asks the channels hook once, with the framework's request, and refuses as it says", async () => {
    const { bus, client } = await start({
      channels(asked, context) {
        const user = host.header(context, "x-user");
        if (user === undefined) throw Object.assign(new Error("who are you?"), { status: 401 });
        return [...asked, ["user", user]];
      },
    });
    expect(await client.get("events?channels=a")).toMatchObject({ status: 401, json: { error: { code: "refused" } } });
    const stream = await openStream(`${client.url}/events?channels=a`, { "x-user": "ann" });
    await bus.sendmany([
      [["user", "bob"], 1],
      [["user", "ann"], 2],
    ]);
    expect((await stream.take(1)).map(({ data }) => JSON.parse(data))).toMatchObject([{ channel: ["user", "ann"] }]);
    stream.leave();
  });

  it("refuses bad input as a poll does, and answers HEAD without starting", async () => {
    const { bus, client } = await start({ maxWaiting: 1 });
    expect(await client.get("events?channels=a&last=x")).toMatchObject({
      status: 400,
      json: { error: { code: "bad_last" } },
    });
    expect(await client.get("events")).toMatchObject({ status: 400, json: { error: { code: "bad_channel" } } });
    expect(await client.request("events?channels=a", { method: "PUT" })).toMatchObject({ status: 405 });
    for (const _ of [1, 2]) {
      const head = await client.request("events?channels=a", { method: "HEAD" });
      expect([head.status, head.text]).toEqual([200, ""]);
      expect(head.headers.get("nightbus-last")).toBe(String(bus.last));
    }
  });

  it("counts a stream among those who wait, until its client goes", async () => {
    const { client } = await start({ maxWaiting: 1 });
    const stream = await openStream(`${client.url}/events?channels=a`);
    const turnedAway = await client.get("events?channels=a");
    expect(turnedAway).toMatchObject({ status: 503, json: { error: { code: "busy" } } });
    expect(Number(turnedAway.headers.get("retry-after"))).toBeGreaterThan(0);
    stream.leave();
    let next = await openStream(`${client.url}/events?channels=a`);
    while (next.status !== 200) next = await openStream(`${client.url}/events?channels=a`);
    next.leave();
  });

  it("ends a stream when it is old, and all of them when the bus closes", async () => {
    const { bus, client } = await start({ maxAge: 30 });
    const old = await openStream(`${client.url}/events?channels=a`);
    await until(() => old.over);
    const later = await openStream(`${client.url}/events?channels=a`);
    await bus.close();
    await until(() => later.over);
  });

  it("closes a client that does not read, at maxBuffered, and gives it the rest when it comes back", async () => {
    const { bus, client } = await start({ maxBuffered: 1_000, maxWaiting: 1 });
    const slow = await readSlowly(`${client.url}/events?channels=a`);
    const ids = [bus.last];
    const large = "x".repeat(200_000);
    slow.pause();
    for (let n = 0; n < 150; n += 1) {
      ids.push(await bus.sendone("a", large));
      await new Promise((resolve) => setImmediate(resolve));
    }
    (await resume(client.url, bus.last)).leave(); // there is room again
    const whole = [...(await slow.rest()).matchAll(/id: (\d+)\n(data: .*\n)?\n/g)].map(([, id]) => Number(id));
    expect(whole).toEqual(ids.slice(0, whole.length));
    expect(whole.length).toBeLessThan(ids.length);
    const missing = ids.slice(whole.length);
    const resumed = await resume(client.url, whole.at(-1)!);
    expect((await resumed.take(missing.length)).map(({ id }) => Number(id))).toEqual(missing);
    resumed.leave();
  });
}

async function resume(url: string, last: number): Promise<OpenStream> {
  for (;;) {
    const stream = await openStream(`${url}/events?channels=a&last=${last}`);
    if (stream.status === 200) return stream;
  }
}

/** A client that stops reading after the first bytes. */
async function readSlowly(url: string): Promise<{ pause(): void; rest(): Promise<string> }> {
  const { hostname, port, pathname, search } = new URL(url);
  const socket = connect(Number(port), hostname);
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk;
  });
  socket.write(`GET ${pathname}${search} HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`);
  await until(() => text.includes("retry: "));
  const closed = once(socket, "close");
  return {
    pause: () => socket.pause(),
    async rest() {
      socket.resume();
      await closed;
      // Chunks of the transfer are cut anywhere, so their lengths are taken out before the frames are looked for.
      return text.slice(text.indexOf("\r\n\r\n") + 4).replace(/\r\n[0-9a-f]+\r\n|^[0-9a-f]+\r\n/g, "");
    },
  };
}
