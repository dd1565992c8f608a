import assert from "node:assert/strict";
import { Bus, BusError } from "nightbus";
import { type Member, type PresenceChannels, presence } from "nightbus/presence";
import { fakeBus } from "nightbus/testing";
import { describe, it } from "vitest";
import { turns } from "./node.ts";

type Chat = { "room:7": string; "chess.game": number; lobby: string };

const ANN = { id: 3, info: { name: "Ann" } };

/** A fake bus with presence, whose member is the request itself. */
function chat(options: { joins?: (channel: unknown) => boolean } = {}) {
  const bus = fakeBus<Chat & PresenceChannels<{ name: string }>>();
  const here = presence(bus, { member: (request: typeof ANN | undefined) => request, ...options });
  return { bus, here };
}

describe("presence on one bus", () => {
  it("lists a member at once, tells its join and its leave, and lets time pass on a fake bus", async () => {
    const { bus, here } = chat();
    const changes = bus.subscribe([["presence", "room:7"]]);
    const connection = here.join(ANN, ["room:7"]);
    await bus.advance(50);
    const members: readonly Member<{ name: string }>[] = here.of("room:7") as readonly Member<{ name: string }>[];
    const since = 1_700_000_000_000;
    assert.deepEqual(members, [{ id: 3, info: { name: "Ann" }, status: "online", since }]);
    const { value: joined } = await changes.next();
    assert.deepEqual(joined.message, { v: 1, joins: members, leaves: [], changes: [] });
    connection.leave();
    await bus.advance(64_900);
    assert.equal(here.status(3), "online");
    await bus.advance(200);
    assert.equal(here.status(3), "offline");
    assert.deepEqual((await changes.next()).value.message.leaves, [3]);
    assert.deepEqual(here.of("room:7"), []);
    await bus.close();
  });

  it("joins tuples of two or more parts, and neither tuples of one name nor the channels of presence", async () => {
    const { bus, here } = chat();
    here.join(ANN, [["chess.game", 7], ["chess.game"], ["presence", "room:7"], "presence"]);
    await bus.advance(50);
    assert.deepEqual(here.of(["chess.game", 7]).length, 1);
    bus.expectSent(["presence", "chess.game", 7]);
    assert.equal(bus.sent.length, 1);
    for (const channel of [["chess.game"], "presence", ["presence", "room:7"]] as const) {
      assert.throws(() => here.of(channel), { code: "bad_channel" });
    }
    await bus.close();
  });

  it("refuses a time of inactivity that is no number of ms, and goes on", async () => {
    const { bus, here } = chat();
    const connection = here.join(ANN, ["room:7"]);
    for (const ms of [Number.NaN, -1, undefined as never]) {
      assert.throws(() => connection.report(ms), { code: "bad_option" });
    }
    await bus.advance(50);
    assert.equal(here.status(3), "online");
    await bus.close();
  });

  it("joins only the channels that the application lets it, and is online without any", async () => {
    const { bus, here } = chat({ joins: (channel) => channel !== "lobby" });
    const connection = here.join(ANN, ["lobby"]);
    await bus.advance(50);
    assert.deepEqual(here.of("lobby"), []);
    assert.equal(here.status(3), "online");
    connection.change(["lobby", "room:7"]);
    await bus.advance(50);
    assert.equal(here.of("room:7").length, 1);
    connection.change([]);
    await bus.advance(65_100);
    assert.deepEqual([here.of("room:7").length, here.status(3)], [0, "online"]);
    await bus.close();
  });

  it("reports a joins option that answers a promise, joins nothing then, and leaves no rejection unhandled", async () => {
    const answers = [Promise.resolve(true), Promise.reject(new Error("no database"))];
    const { bus, here } = chat({ joins: () => (answers.shift() ?? true) as boolean });
    const errors: string[] = [];
    bus.on("error", ({ message }) => errors.push(message));
    here.join(ANN, ["room:7"]);
    here.join(ANN, ["room:7"]);
    await turns(5); // vitest fails the run for an unhandled rejection
    await bus.advance(50);
    assert.deepEqual([here.of("room:7"), errors.length], [[], 2]);
    assert.match(errors.join(), /joins of presence must return true or false at once/);
    await bus.close();
  });

  it("reports a joins option that throws, and joins nothing then", async () => {
    const { bus, here } = chat({
      joins() {
        throw new Error("no database");
      },
    });
    const errors: Error[] = [];
    bus.on("error", (error) => errors.push(error));
    here.join(ANN, ["room:7"]);
    await bus.advance(50);
    assert.deepEqual([here.of("room:7").length, errors[0]?.message], [0, "no database"]);
    await bus.close();
  });

  it("tells new info and an inactive person as changes, and counts a person without reports as online", async () => {
    const { bus, here } = chat();
    const connection = here.join(ANN, ["room:7"]);
    await bus.advance(3_600_000);
    assert.equal(here.status(3), "online");
    connection.report(0);
    await bus.advance(1_799_000);
    assert.equal(here.status(3), "online");
    await bus.advance(1_100);
    assert.equal(here.of("room:7")[0]?.status, "away");
    here.join({ id: 3, info: { name: "Anne" } }, ["room:7"]).report(0);
    await bus.advance(50);
    assert.deepEqual([here.of("room:7")[0]?.info, here.status(3)], [{ name: "Anne" }, "online"]);
    assert.equal(bus.sent.length, 3);
    await bus.close();
  });

  it("asks the hook who is behind a request, at once or later, and takes undefined for nobody", async () => {
    const bus = new Bus();
    const here = presence(bus, {
      member: (request: { readonly user?: string; readonly waits?: boolean }) => {
        const found = request.user === undefined ? undefined : { id: request.user };
        return request.waits === true ? Promise.resolve(found) : found;
      },
    });
    assert.equal(here.connect({}, ["a"]), undefined);
    assert.equal(await here.connect({ waits: true }, ["a"]), undefined);
    const [now, later] = [
      await here.connect({ user: "x" }, ["a"]),
      await here.connect({ user: "y", waits: true }, ["a"]),
    ];
    assert.deepEqual([now?.id, later?.id], ["x", "y"]);
    await bus.close();
  });

  it.each([
    [{}, /the id is a text/],
    [{ id: "" }, /the id is a text/],
    [{ id: Number.NaN }, /the id is a text/],
    [{ id: 1, info: 1n }, /info of a member must be JSON/],
    [{ id: 1, info: "x".repeat(5_000) }, /at most 4096 characters/],
    ["ann", /must return \{ id, info \}/],
  ])("refuses %o as a member, with a sentence", async (answer, sentence) => {
    const bus = new Bus();
    const here = presence(bus, { member: () => answer as never });
    assert.throws(
      () => here.connect(undefined, ["a"]),
      (error) => error instanceof BusError && sentence.test(error.message),
    );
    await bus.close();
  });

  it.each([
    [{}, /given a member/],
    [{ member: (): undefined => undefined, grace: 0 }, /grace must be/],
    [{ member: (): undefined => undefined, grace: Number.POSITIVE_INFINITY }, /grace must be/],
    [{ member: (): undefined => undefined, away: "1h" }, /away must be a number of ms/],
    [{ member: (): undefined => undefined, joins: true }, /joins must be a function/],
    [{ member: (): undefined => undefined, sees: [] }, /sees must be a function/],
    [{ member: (): undefined => undefined, statusTo: "res.partner" }, /statusTo must be a function/],
    [{ member: (): undefined => undefined, idle: 5 }, /has no option "idle"/],
  ])("refuses the options %o, with a sentence", async (options, sentence) => {
    const bus = new Bus();
    assert.throws(
      () => presence(bus, options as never),
      (error) => error instanceof BusError && sentence.test(error.message),
    );
    await bus.close();
  });

  it("is made once for a bus, and not for a closed one", async () => {
    const bus = new Bus();
    presence(bus, { member: (): undefined => undefined });
    assert.throws(() => presence(bus, { member: (): undefined => undefined }), { code: "bad_option" });
    await bus.close();
    const other = new Bus();
    await other.close();
    assert.throws(() => presence(other, { member: (): undefined => undefined }), { code: "closed" });
  });

  it("keeps changes while the store fails, tells of it once, and sends in the end what is true then", async () => {
    const { bus, here } = chat();
    const errors: Error[] = [];
    bus.on("error", (error) => errors.push(error));
    bus.fail(["presence", "room:7"]);
    const gone = here.join({ id: "gone", info: { name: "Gone" } }, ["room:7"]);
    await bus.advance(200);
    gone.leave();
    here.join(ANN, ["room:7"]);
    await bus.advance(70_000);
    assert.deepEqual([errors.length, here.of("room:7").length], [1, 0]);
    bus.heal();
    await bus.advance(30_000);
    assert.deepEqual(
      here.of("room:7").map(({ id }) => id),
      [3],
    );
    assert.equal(bus.sent.length, 1, "the member that came and left meanwhile is no news");
    await bus.close();
  });

  it("lets no member that the store refuses hold up another", async () => {
    const { bus, here } = chat();
    const errors: Error[] = [];
    bus.on("error", (error) => errors.push(error));
    bus.fail(["presence", "room:7"]);
    here.join({ id: "bad", info: { name: "Bad" } }, ["room:7"]);
    here.join(ANN, ["lobby"]);
    await bus.advance(100);
    assert.deepEqual([here.of("lobby").length, errors.length], [1, 1]);
    bus.heal();
    await bus.advance(2_000);
    assert.equal(here.of("room:7").length, 1);
    await bus.close();
  });

  it("ignores rows of others on its channels, and tells of them once", async () => {
    const { bus, here } = chat();
    const errors: Error[] = [];
    bus.on("error", (error) => errors.push(error));
    const loose = bus as unknown as Bus;
    await loose.sendone(["presence", "room:7"], { v: 9, joins: [] });
    await loose.sendone(["presence", "room:7"], { v: 1, joins: [{ id: {} }], leaves: [], changes: [] });
    await loose.sendone(["nightbus.presence"], "hello");
    here.join(ANN, ["room:7"]);
    await bus.advance(50);
    assert.deepEqual([here.of("room:7").length, errors.length], [1, 1]);
    assert.match(errors[0]!.message, /presence ignores a row on \["presence","room:7"\]/);
    await bus.close();
  });

  it("begins anew when the log is another", async () => {
    const { bus, here } = chat();
    here.join(ANN, ["room:7"]);
    await bus.advance(50);
    bus.restart();
    await bus.advance(100);
    assert.equal(here.of("room:7").length, 1);
    assert.equal(bus.sent.length, 2);
    await bus.close();
  });

  it("lets nobody join beyond 1,000 channels, and tells of it once", async () => {
    const { bus, here } = chat();
    const errors: Error[] = [];
    bus.on("error", (error) => errors.push(error));
    here.join(
      ANN,
      Array.from({ length: 1_200 }, (_, at) => `room:${at}`),
    );
    await bus.advance(50);
    assert.equal(bus.sent.length, 1_000);
    assert.match(errors[0]!.message, /member 3 is on 1,000 channels/);
    assert.equal(errors.length, 1);
    await bus.close();
  });

  it("keeps no process alive, and ends with its bus", async () => {
    const bus = new Bus();
    const here = presence(bus, { member: () => ANN });
    const connection = here.join(ANN, ["room:7"]);
    await here.ready();
    await bus.close();
    await turns();
    connection.change(["room:8"]);
    connection.report(0);
    connection.leave();
    await assert.rejects(here.ready(), { code: "closed" });
  });
});

describe("the channels of presence", () => {
  it("have small limits of their own, and take nothing of the application's", async () => {
    const bus = fakeBus({ retention: { total: 3, bytes: 200, age: 3_600_000 } });
    const here = presence(bus, { member: () => ANN });
    for (const n of [1, 2, 3]) await bus.sendone("lobby", n);
    for (let n = 0; n < 1_200; n += 1) {
      here.join({ id: n, info: { name: `member ${n}` } }, ["room:7"]);
      await bus.advance(50);
    }
    assert.deepEqual(
      [...(await bus.poll(["lobby"], 0, 0))].map(({ message }) => message),
      [1, 2, 3],
    );
    assert.equal((await bus.recent([["presence", "room:7"]], 5_000)).length, 1_000);
    await bus.advance(11 * 60_000);
    assert.equal((await bus.recent([["presence", "room:7"]], 5_000)).length, 0);
    assert.equal((await bus.poll(["lobby"], 0, 0)).length, 3);
    await bus.sendone("lobby", 4);
    assert.equal((await bus.poll(["lobby"], 0, 0)).length, 3);
    await bus.close();
  });

  it("emit no notification, while the application's do", async () => {
    const { bus, here } = chat();
    const heard: unknown[] = [];
    bus.on("notification", ({ channel }) => heard.push(channel));
    here.join(ANN, ["room:7"]);
    await bus.advance(50);
    await bus.sendone("lobby", "hi");
    assert.deepEqual(heard, ["lobby"]);
    await bus.close();
  });

  it("are bounded together by 50,000 rows", async () => {
    const bus = new Bus();
    const here = presence(bus, { member: () => ANN });
    await here.ready();
    await bus.sendone("lobby", 1);
    const rows = (from: number) =>
      Array.from({ length: 1_000 }, (_, at) => [["presence", "r", from + at], null] as const);
    bus.on("error", () => {});
    for (let n = 0; n < 70; n += 1) await bus.sendmany(rows(n * 1_000));
    await turns();
    const { rows: held } = bus.stats();
    assert.ok(held > 40_000 && held <= 50_001, `${held}`);
    assert.equal((await bus.poll(["lobby"], 0, 0)).length, 1);
    await bus.close();
  });
});
