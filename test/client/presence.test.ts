import assert from "node:assert/strict";
import fc from "fast-check";
import { Bus } from "nightbus";
import { type Client, connect } from "nightbus/client";
import { type Member, presenceOf } from "nightbus/client/presence";
import { mount } from "nightbus/fetch";
import { presence } from "nightbus/presence";
import { describe, it, onTestFinished, vi } from "vitest";

const HOOK = (names: readonly string[]) => [...names, ...names.map((name) => ["presence", name] as const)];

/** A bus with presence, and a client of a mount in this process. `held` holds up each answer with a list. */
function start(
  channels: typeof HOOK | ((names: readonly string[]) => readonly string[]) = HOOK,
  held = async () => {},
) {
  const bus = new Bus();
  const here = presence(bus, {
    member: (request: Request) => {
      const id = request.headers.get("x-user");
      return id === null ? undefined : { id };
    },
  });
  const handler = mount(bus, { prefix: "/bus", channels, presence: here });
  const asked: string[] = [];
  const fetch = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const request = new Request(url, init);
    const route = `${request.method} ${request.url.split("/").at(-1)}`;
    asked.push(route);
    const answer = await handler(request);
    if (route.startsWith("GET presence")) await held();
    const body = answer.body?.pipeThrough(new TransformStream(), { signal: request.signal }) ?? null;
    return new Response(body, answer);
  };
  const client = connect("http://test/bus", { fetch, headers: { "x-user": "me" } });
  return { bus, here, client, asked };
}

const ids = (members: readonly Member[]): string =>
  members
    .map(({ id }) => id)
    .sort()
    .join();

describe("the list of a channel in a browser", () => {
  it("is loaded with its position, and then follows the changes", async () => {
    const { bus, here, client } = start();
    here.join({ id: "ann", info: { name: "Ann" } }, ["room"]);
    const seen: string[] = [];
    const room = presenceOf(client, "room", { onChange: (members) => seen.push(ids(members)) });
    await vi.waitFor(() => assert.equal(ids(room.members), "ann,me"));
    assert.deepEqual(room.members.find(({ id }) => id === "ann")?.info, { name: "Ann" });
    here.join({ id: "bob" }, ["room"]);
    await vi.waitFor(() => assert.equal(seen.at(-1), "ann,bob,me"));
    room.close();
    room.close();
    here.join({ id: "cid" }, ["room"]);
    await vi.waitFor(() => assert.equal(here.of("room").length, 4));
    assert.equal(ids(room.members), "ann,bob,me");
    client.close();
    await bus.close();
  });

  it("is refused by the name of any channel that the hook does not grant, also a name that objects have", async () => {
    for (const name of ["room", "toString", "__proto__"]) {
      const { bus, client } = start((names) => names);
      const refused: string[] = [];
      presenceOf(client, name, { onError: ({ code }) => refused.push(code), reports: false });
      await vi.waitFor(() => assert.deepEqual(refused, ["refused"]));
      client.close();
      await bus.close();
    }
  });

  it("tells what onChange throws to onError, at the first list and at each change, and goes on", async () => {
    const { bus, here, client } = start();
    const codes: string[] = [];
    const room = presenceOf(client, "room", {
      onChange: () => {
        throw new Error("a bug");
      },
      onError: ({ code }) => codes.push(code),
      reports: false,
    });
    await vi.waitFor(() => assert.equal(ids(room.members), "me"));
    here.join({ id: "bob" }, ["room"]);
    await vi.waitFor(() => assert.equal(ids(room.members), "bob,me"));
    assert.deepEqual([...new Set(codes)], ["thrown"]);
    assert.ok(codes.length >= 2);
    client.close();
    await bus.close();
  });

  it("has no gap and no ghost, whenever its answer comes between changes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ member: fc.nat(5), stays: fc.boolean(), wait: fc.nat(30) }), { maxLength: 8 }),
        fc.nat(60),
        async (changes, delay) => {
          const { bus, here, client } = start(HOOK, () => new Promise((resolve) => setTimeout(resolve, delay)));
          const room = presenceOf(client, "room", { reports: false });
          for (const { member, stays, wait } of changes) {
            const connection = here.join({ id: `m${member}`, info: wait }, ["room"]);
            if (!stays) connection.change([]);
            await new Promise((resolve) => setTimeout(resolve, wait));
          }
          const byId = (list: readonly Member[]) => new Map(list.map((one) => [one.id, one]));
          await vi.waitFor(
            () => {
              assert.ok(here.of("room").length > 0);
              assert.deepEqual(byId(room.members), byId(here.of("room")));
            },
            { timeout: 5_000 },
          );
          client.close();
          await bus.close();
        },
      ),
      { numRuns: 10 },
    );
  });

  it("begins anew once 10,000 changes wait for its list", async () => {
    let tell = (_: unknown): void => {};
    let asked = 0;
    let last = 1;
    const answers: ((list: Response) => void)[] = [];
    const request = () => {
      asked += 1;
      return new Promise<Response>((resolve) => answers.push(resolve));
    };
    const on = (event: string, listener: (value: unknown) => void) => {
      if (event === "notification") tell = listener;
      return () => {};
    };
    const client = { status: "live", on, addChannel() {}, deleteChannel() {}, request } as unknown as Client;
    Object.defineProperty(client, "last", { get: () => last });
    const room = presenceOf(client, "room", { reports: false });
    const join = (id: number) => ({
      v: 1,
      joins: [{ id, info: null, status: "online", since: 1 }],
      leaves: [],
      changes: [],
    });
    for (let id = 2; id <= 10_005; id += 1) {
      last = id;
      tell({ id, channel: ["presence", "room"], message: join(id) });
    }
    assert.equal(asked, 2);
    answers[0]!(Response.json({ last: 1, members: { room: [] } }));
    answers[1]!(Response.json({ last: 10_002, members: { room: join(1).joins } }));
    await vi.waitFor(() => assert.equal(ids(room.members), "1,10003,10004,10005"));
    room.close();
  });

  it("is read at a new address each time, so that no service worker answers from an earlier one", async () => {
    const { bus, client, asked } = start();
    const rooms = [1, 2].map(() => presenceOf(client, "room", { reports: false }));
    await vi.waitFor(() =>
      assert.deepEqual(
        rooms.map(({ members }) => ids(members)),
        ["me", "me"],
      ),
    );
    const addresses = asked.filter((route) => route.startsWith("GET presence"));
    assert.equal(new Set(addresses).size, 2);
    client.close();
    await bus.close();
  });

  /** A client whose requests are answered so, one after the other, and whose list of the room is then empty. */
  function answered(...answers: readonly (() => Promise<Response>)[]) {
    const rest = [...answers];
    const list = async () => Response.json({ last: 5, members: { room: [] } });
    const asked: string[] = [];
    const request = (route: string) => {
      asked.push(route);
      return (rest.shift() ?? list)();
    };
    const client = { status: "live", last: 1, on: () => () => {}, addChannel() {}, deleteChannel() {}, request };
    return { client: client as unknown as Client, asked };
  }

  it.each([
    "{}",
    "null",
    '{"offline":true}',
    '{"last":5}',
    '{"last":5,"members":null}',
    '{"members":{"room":[]}}',
    '{"last":5,"members":{"room":{}}}',
    "<html>",
  ])("is asked for again after a 200 that is no answer of the mount: %s", async (text) => {
    const { client, asked } = answered(async () => new Response(text));
    const seen: unknown[] = [];
    const room = presenceOf(client, "room", {
      onChange: (members) => seen.push(members),
      onError: ({ code }) => seen.push(code),
      reports: false,
    });
    await vi.waitFor(() => assert.deepEqual(seen, [[]]), { timeout: 5_000 });
    assert.equal(asked.length, 2);
    room.close();
  });

  it.each([
    [204, "http", true],
    [404, "http", true],
    [408, "too_slow", true],
    [429, "busy", true],
    [503, "store", true],
    [401, "http", false],
    [403, "refused", false],
    [404, "not_found", false],
  ] as const)(
    "after a %s with the code %s is asked for again, or the refusal is told: %s",
    async (status, code, again) => {
      const failure = Object.assign(new Error("as the test wishes"), { status, code });
      const { client, asked } = answered(() => Promise.reject(failure));
      const seen: unknown[] = [];
      const room = presenceOf(client, "room", {
        onChange: (members) => seen.push(members),
        onError: (error) => seen.push(error),
        reports: false,
      });
      await vi.waitFor(() => assert.deepEqual(seen, again ? [[]] : [failure]), { timeout: 5_000 });
      assert.equal(asked.length, again ? 2 : 1);
      room.close();
    },
  );

  it("is neither asked for nor reported to on a client that is closed already", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "setTimeout", "clearTimeout", "performance"] });
    onTestFinished(() => void vi.useRealTimers());
    const { bus, client, asked } = start();
    client.close();
    asked.length = 0;
    const room = presenceOf(client, "room", { onError: ({ code }) => asked.push(code) });
    await vi.advanceTimersByTimeAsync(200_000);
    assert.deepEqual([asked, room.members], [[], []]);
    room.close();
    await bus.close();
  });

  it("tells of a list that the hook does not grant, and asks no more", async () => {
    const { bus, client, asked } = start((names) => names);
    const errors: string[] = [];
    presenceOf(client, "room", { onError: ({ code }) => errors.push(code), reports: false });
    await vi.waitFor(() => assert.deepEqual(errors, ["refused"]));
    assert.equal(asked.filter((route) => route.startsWith("GET presence")).length, 1);
    client.close();
    await bus.close();
  });

  /** A client whose requests never come back unless they are ended, and the number of those under way. */
  function swallowed() {
    const counts = { asked: 0, reports: 0, underWay: 0 };
    const request = (_route: string, signal: AbortSignal, body?: object) =>
      new Promise<Response>((_, reject) => {
        counts[body === undefined ? "asked" : "reports"] += 1;
        counts.underWay += 1;
        signal.addEventListener("abort", () => {
          counts.underWay -= 1;
          reject(signal.reason);
        });
      });
    const client = { status: "live", last: 1, on: () => () => {}, addChannel() {}, deleteChannel() {}, request };
    return { client: client as unknown as Client, counts };
  }

  it("is asked for again if no answer comes, and leaves nothing under way at its end", async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { client, counts } = swallowed();
    const room = presenceOf(client, "room", { reports: false });
    await vi.advanceTimersByTimeAsync(40_000);
    assert.deepEqual(counts, { asked: 2, reports: 0, underWay: 1 });
    room.close();
    assert.equal(counts.underWay, 0);
  });

  it("ends a report that is still under way when the next begins", async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { client, counts } = swallowed();
    const room = presenceOf(client, "room");
    await vi.advanceTimersByTimeAsync(500_000);
    assert.equal(counts.reports, 11);
    assert.ok(counts.underWay <= 2, `${counts.underWay}`); // one report and one list
    room.close();
    assert.equal(counts.underWay, 0);
  });

  /** A client whose list of the room is empty, and the times of inactivity that it reports. */
  function reporting() {
    const reports: number[] = [];
    const request = async (_route: string, _signal?: AbortSignal, body?: object) => {
      if (body !== undefined) reports.push((body as { inactive: number }).inactive);
      return Response.json({ last: 5, members: { room: [] } });
    };
    const client = { status: "live", last: 1, on: () => () => {}, addChannel() {}, deleteChannel() {}, request };
    return { client: client as unknown as Client, reports };
  }

  it("reports the sleep of a machine as inactivity, whichever clock stood still", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance", "Date"] });
    onTestFinished(() => void vi.useRealTimers());
    const { client, reports } = reporting();
    const room = presenceOf(client, "room");
    vi.setSystemTime(Date.now() + 3 * 3_600_000);
    vi.advanceTimersByTime(50_000);
    assert.deepEqual(reports, [0, 3 * 3_600_000 + 50_000]);
    room.close();
  });

  it("reports the person's inactivity once for all lists of a client, at each return and each 50 s", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
    onTestFinished(() => {
      vi.useRealTimers();
      vi.unstubAllGlobals();
    });
    const page = new EventTarget();
    vi.stubGlobal("addEventListener", page.addEventListener.bind(page));
    const { client, reports } = reporting();
    const lists = [1, 2].map(() => presenceOf(client, "room"));
    vi.advanceTimersByTime(100_000);
    assert.deepEqual(reports, [0, 50_000, 100_000]);
    page.dispatchEvent(new Event("keydown"));
    page.dispatchEvent(new Event("keydown"));
    assert.deepEqual(reports.slice(3), [0]);
    lists[0]!.close();
    vi.advanceTimersByTime(50_000);
    assert.deepEqual(reports.slice(4), [50_000]);
    lists[1]!.close();
    vi.advanceTimersByTime(500_000);
    assert.equal(reports.length, 5);
  });
});
