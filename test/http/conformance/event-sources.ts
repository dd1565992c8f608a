import { expect, it } from "vitest";
import { Bus } from "../../../src/bus.ts";
import { until } from "./client.ts";
import type { Start } from "./host.ts";
import { openStream } from "./stream.ts";

const ACCEPT = { accept: "text/event-stream" };

/** The needs of clients of server-sent events that are not nightbus's own. */
export function describeEventSources<Context>(start: Start<Context>): void {
  it("takes as many names as it allows by POST, in letters of three bytes", async () => {
    const { bus, client } = await start();
    const channels = Array.from({ length: 100 }, (_, index) => `${index}`.padEnd(256, "語"));
    const body = JSON.stringify({ channels, last: bus.last });
    const init = { method: "POST", body };
    const stream = await openStream(`${client.url}/events`, { "content-type": "application/json" }, init);
    expect(stream.status).toBe(200);
    const id = await bus.sendone(channels[99]!, 1);
    expect(await stream.take(1)).toMatchObject([{ id: String(id) }]);
    stream.leave();
    expect((await client.poll({ channels, last: 0 })).status).toBe(200);
    expect(await client.post("events", '{"channels":["a"],"last":"x"}')).toMatchObject({
      status: 400,
      json: { error: { code: "bad_last" } },
    });
    expect((await client.request("events", { method: "POST", body: "x" })).status).toBe(415);
  });

  it("reads lastEventId of the query, or the body, after the header and before last", async () => {
    const { bus, client } = await start();
    const ids = await bus.sendmany([1, 2, 3].map((n) => ["a", n] as const));
    const url = `${client.url}/events?channels=a&last=0`;
    const json = { "content-type": "application/json" };
    const streams = [
      await openStream(`${url}&lastEventId=${ids[0]}`),
      await openStream(`${url}&lastEventId=${ids[0]}`, { "last-event-id": `${ids[1]}` }),
      await openStream(`${url}&lastEventId=7&lastEventId=${ids[1]}`),
      await openStream(`${url}&lastEventId=`),
      await openStream(`${url}&lastEventId=`, { "last-event-id": "" }),
      await openStream(`${client.url}/events`, json, {
        method: "POST",
        body: JSON.stringify({ channels: ["a"], last: 0, lastEventId: ids[1] }),
      }),
    ];
    for (const [index, count] of [2, 1, 1, 3, 3, 1].entries()) {
      const events = await streams[index]!.take(count);
      expect([index, events.map(({ id }) => Number(id))]).toEqual([index, ids.slice(3 - count)]);
      streams[index]!.leave();
    }
  });

  it.each(["abc", "-1", "1.5", "0x10", "99999999999999999999", "1, 2"])(
    "reads the Last-Event-ID %j, which is no position, as 0, and says missed",
    async (id) => {
      const { bus, client } = await start();
      const before = bus.last;
      const empty = await openStream(`${client.url}/events?channels=b`, { "last-event-id": id });
      expect(await empty.take(1)).toMatchObject([{ event: "missed", data: '{"last":0}' }]);
      const sent = await bus.sendone("a", 1);
      const stream = await openStream(`${client.url}/events?channels=a`, { "last-event-id": id });
      expect(await stream.take(2)).toMatchObject([
        { event: "missed", id: expect.any(String), data: '{"last":0}' },
        { event: undefined, id: String(sent) },
      ]);
      expect(Number(stream.events[0]!.id)).toBeLessThan(sent);
      expect(Number(stream.events[0]!.id)).toBeGreaterThanOrEqual(before);
      for (const each of [empty, stream]) each.leave();
    },
  );

  it.each(['{"toString":null}', "{}", "[5]", "true", "1.5", "-1", '"1e3"'])(
    "reads the lastEventId %s of a body, which is no position, as 0, and says missed",
    async (id) => {
      const { bus, client } = await start();
      const errors: Error[] = [];
      bus.on("error", (error) => errors.push(error));
      const init = { method: "POST", body: `{"channels":["a"],"lastEventId":${id}}` };
      const stream = await openStream(`${client.url}/events`, { "content-type": "application/json" }, init);
      expect(stream.status).toBe(200);
      expect(await stream.take(1)).toMatchObject([{ event: "missed", data: '{"last":0}' }]);
      stream.leave();
      expect(errors).toEqual([]);
    },
  );

  it("answers whoever accepts only a stream with one that ends after its retry, in place of any 5xx", async () => {
    const hook = () => {
      throw new Error("a bug");
    };
    const { bus, client } = await start({ maxWaiting: 0 });
    const [closed] = [await start()];
    await closed.bus.close();
    const broken = await start({ channels: hook });
    const retries: (number | undefined)[] = [];
    for (const { url } of [client, client, closed.client, broken.client]) {
      const stream = await openStream(`${url}/events?channels=a`, ACCEPT);
      await until(() => stream.over);
      expect(stream.status).toBe(200);
      expect(stream.headers.get("content-type")).toMatch(/^text\/event-stream/);
      expect(stream.text).toMatch(/^retry: \d+\n/);
      expect([...stream.events, ...stream.positions]).toEqual([]);
      retries.push(stream.retry);
    }
    for (const retry of retries) expect(retry).toBeGreaterThanOrEqual(5_000);
    for (const retry of retries) expect(retry).toBeLessThanOrEqual(10_000);
    expect(new Set(retries).size, "not all come back at once").toBeGreaterThan(1);
    const busy = await openStream(`${client.url}/events?channels=a`, ACCEPT);
    expect(Number(busy.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await client.get("events?channels=a")).status).toBe(503);
    expect((await client.request("events?channels=a", { headers: { accept: "*/*" } })).status).toBe(503);
    expect((await closed.client.request("events?channels=a", { method: "HEAD", headers: ACCEPT })).status).toBe(503);
    expect((await client.request("events?channels=a&last=x", { headers: ACCEPT })).status).toBe(400);
    expect((await client.request("poll?channels=a", { headers: ACCEPT })).status).toBe(503);
    expect((await closed.client.request("health", { headers: ACCEPT })).status).toBe(503);
    expect(bus.stats().streams).toBe(0);
  });

  it("says when to come back with everything that is worth another try", async () => {
    const { client, bus } = await start({ send: () => true }, new Bus({ store: failing() }));
    bus.on("error", () => {});
    const replies = [
      await client.get("poll?channels=a"),
      await client.get("events?channels=a"),
      await client.post("send", '{"entries":[["a",1]]}'),
    ];
    await bus.close();
    replies.push(await client.get("poll?channels=a"), await client.get("events?channels=a"));
    for (const reply of replies) {
      expect(reply.status).toBe(503);
      expect(Number(reply.headers.get("retry-after"))).toBeGreaterThan(0);
    }
  });

  it("says twice that nothing may hold its stream back", async () => {
    const { client } = await start();
    const stream = await openStream(`${client.url}/events?channels=a`);
    expect([stream.headers.get("incremental"), stream.headers.get("x-accel-buffering")]).toEqual(["?1", "no"]);
    stream.leave();
  });
}

function failing() {
  const fail = () => Promise.reject(new Error("down"));
  return { maxRows: 1, maxBytes: 1_000, open: fail, append: fail, sync: fail, trim: fail, close: async () => {} };
}
