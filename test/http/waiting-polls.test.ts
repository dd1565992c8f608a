import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { Bus } from "nightbus";
import { describe, it, onTestFinished } from "vitest";
import { Endpoint, notFound } from "../../src/http/endpoint.ts";
import { FetchRequest, response } from "../../src/http/hosts/fetch-host.ts";
import { turns, until } from "../../src/testing/conformance/bus/topic.ts";
import { gate, StoreDouble } from "../support/doubles.ts";

const TIMEOUT = 6_000;

/** A mount that the test closes, over a store that it leads. */
async function start(timeout = TIMEOUT) {
  const store = new StoreDouble();
  const made = mountOn(store, timeout);
  await made.bus.ready();
  return { store, ...made };
}

function mountOn(store: StoreDouble, timeout = TIMEOUT) {
  const bus = new Bus({ store });
  onTestFinished(() => bus.close());
  const endpoint = new Endpoint(bus, { timeout });
  const answer = async (request: Request): Promise<Response> => {
    const reply = await endpoint.handle(new FetchRequest(request, ""), request);
    return response(reply ?? notFound(), request, endpoint);
  };
  const ask = (body: object): Promise<Response> => {
    const headers = { "Content-Type": "application/json" };
    return answer(new Request("http://bus/poll", { method: "POST", headers, body: JSON.stringify(body) }));
  };
  const stream = (query: string, signal: AbortSignal): Promise<Response> =>
    answer(new Request(`http://bus/events?${query}`, { signal }));
  const held = (channels: readonly string[], last: number): Promise<Response> =>
    ask({ jsonrpc: "2.0", id: 1, params: { channels, last } });
  return { bus, endpoint, ask, held, stream };
}

describe("a poll that waits for the store", () => {
  it.each(["plain", "held"])("parks on no mount that has closed meanwhile (%s)", async (kind) => {
    const { store, endpoint, ask, held } = await start();
    const synced = gate();
    store.syncing = () => synced.promise;
    const polled = kind === "plain" ? ask({ channels: ["a"], last: 1_001 }) : held(["a"], 1_001);
    await until(() => store.syncs > 0, "it waits for the store");
    endpoint.close();
    store.commit([{ key: '"b"', json: "1" }]);
    synced.resolve();
    const answer = await polled;
    assert.match(await answer.text(), /closed/);
    assert.equal(endpoint.waiting, 0);
  });
});

describe("a stream that waits for the store", () => {
  it("keeps no place once its client has gone, while the store catches up or opens", async () => {
    const opened = gate();
    const closed = new StoreDouble();
    closed.opening = opened.promise;
    const synced = gate();
    const { store, ...live } = await start();
    store.syncing = () => synced.promise;
    for (const { bus, endpoint, stream } of [live, mountOn(closed)]) {
      const client = new AbortController();
      const streamed = stream("channels=a&last=1001", client.signal);
      await until(() => endpoint.waiting === 1, "it waits for the store");
      client.abort();
      assert.equal((await streamed).status, 499);
      assert.equal(endpoint.waiting, 0);
      assert.equal(bus.stats().streams, 0);
    }
    synced.resolve();
    opened.resolve();
  });
});

describe("a poll of Odoo's clients that has missed rows while it waited", () => {
  const trimmed = { last: 1_005, watermarks: [['"a"', 1_005]] as const, floor: 0 };

  it("is answered at the end of the bus, and of the mount", async () => {
    for (const end of ["bus", "mount"]) {
      const { store, bus, endpoint, held } = await start();
      const polled = held(["a"], 1_000);
      await until(() => bus.waiting === 1, "it is parked");
      store.sink.noteTrims(trimmed);
      if (end === "bus") void bus.close();
      else endpoint.close();
      const answer = await polled;
      assert.equal(answer.headers.get("Nightbus-Missed"), "true", end);
      assert.deepEqual(((await answer.json()) as { result: unknown }).result, [], end);
      assert.equal(endpoint.waiting, 0, end);
    }
  });

  it("counts once as a poll that parks, also without a channel", async () => {
    for (const channels of [["a"], []]) {
      const told: unknown[] = [];
      const hear = (message: unknown): void => {
        const { bus: teller, parked } = message as { readonly bus: unknown; readonly parked: boolean };
        if (teller === bus) told.push(parked);
      };
      subscribe("nightbus:poll", hear);
      onTestFinished(() => void unsubscribe("nightbus:poll", hear));
      const { store, bus, held } = await start(50);
      const polled = held(channels, 1_000);
      await turns(3);
      if (channels.length > 0) store.sink.noteTrims(trimmed);
      await polled;
      assert.deepEqual(told, [true], `${channels}`);
    }
  });
});
