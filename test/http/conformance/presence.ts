import { expect, it } from "vitest";
import { Bus } from "../../../src/bus.ts";
import { presence } from "../../../src/presence/presence.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { StoreDouble, storeError } from "../../support/doubles.ts";
import { until } from "./client.ts";
import type { Host, Options, Start } from "./host.ts";
import { openStream } from "./stream.ts";

const GRACE = 65_000;

/** Presence over HTTP: polls and streams are leases, and its routes. */
export function describePresence<Context>(start: Start<Context>, host: Host<Context>): void {
  async function here(options: Options<Context> = {}, sees?: (context: Context) => unknown) {
    const clock = new ManualClock();
    const bus = new Bus({ clock });
    const errors: Error[] = [];
    if (sees !== undefined) bus.on("error", (error) => errors.push(error));
    const members = presence(bus, {
      ...(sees !== undefined && { sees: sees as (context: Context) => number[] }), // some answers are wrong
      member(context: Context) {
        const id = host.header(context, "x-user");
        if (id === "banned") throw Object.assign(new Error("you are banned"), { status: 403 });
        return id === undefined ? undefined : { id: Number(id), info: { name: `user ${id}` } };
      },
    });
    const channels = (names: readonly string[]) => [...names, ...names.map((name) => ["presence", name] as const)];
    const { client } = await start({ presence: members, channels, ...options }, bus);
    await members.ready();
    const list = (): readonly unknown[] => members.of("room").map(({ id }) => id);
    const as = (user: string): RequestInit => ({ headers: { "x-user": user } });
    return { bus, clock, client, list, members, as, errors };
  }

  it("holds the lease of a poll while it waits, and for the grace after it, without a change in between", async () => {
    const { bus, clock, client, list, as } = await here();
    const held = client.poll({ channels: ["room"], last: bus.last, timeout: 5_000 }, as("3"));
    await until(() => bus.waiting === 1);
    clock.advance(60);
    expect((await held).json).toMatchObject({ notifications: [{ message: { joins: [{ id: 3 }] } }] });
    const { last } = bus;
    clock.advance(GRACE - 1_000);
    expect((await client.poll({ channels: ["room"], last, timeout: 0 }, as("3"))).json).toMatchObject({ last });
    clock.advance(GRACE - 1_000);
    expect([list(), bus.last]).toEqual([[3], last]);
    clock.advance(1_100);
    await until(() => list().length === 0);
    await bus.close();
  });

  it("holds the lease of a stream until its client goes, or the server ends it", async () => {
    const { clock, client, list } = await here({ maxAge: 600_000, heartbeat: Number.POSITIVE_INFINITY });
    const url = `${client.url}/events?channels=room`;
    const stream = await openStream(url, { "x-user": "3" });
    clock.advance(60);
    await until(() => list().length === 1);
    clock.advance(GRACE * 3);
    expect(list()).toEqual([3]);
    const other = await openStream(url, { "x-user": "4" });
    await stream.take(1);
    stream.leave();
    clock.advance(60);
    await until(() => list().length === 2);
    await other.take(1);
    clock.advance(700_000);
    await until(() => other.over);
    clock.advance(GRACE + 100);
    await until(() => list().length === 0);
  });

  it("answers the lists that the hook grants, with their position, to persons and to others", async () => {
    const { bus, clock, client, members } = await here({
      channels: (names) => names.flatMap((name) => (name === "secret" ? [name] : [name, ["presence", name] as const])),
    });
    members.join({ id: 3, info: null }, ["room", "secret"]);
    clock.advance(60);
    await until(() => members.of("room").length === 1);
    const reply = await client.get("presence?channels=room&channels=secret&channels=hall");
    expect(reply.status).toBe(200);
    const member = { id: 3, info: null, status: "online", since: 1_700_000_000_000 };
    expect(reply.json).toEqual({ last: bus.last, members: { room: [member], hall: [] } });
    expect(reply.headers.get("cache-control")).toBe("no-store");
  });

  it("answers 503 with a pause while the store is away, and other processes cannot tell their members", async () => {
    const clock = new ManualClock();
    const store = new StoreDouble();
    store.append = () => Promise.reject(storeError(true));
    const bus = new Bus({ clock, store });
    bus.on("error", () => {});
    await bus.ready();
    const members = presence(bus, { member: () => undefined });
    const { client } = await start({ presence: members, channels: (names) => [...names, ["presence", "room"]] }, bus);
    const asked = client.get("presence?channels=room");
    const waiting = setInterval(() => clock.advance(500), 10); // the request is on its way for some time
    const reply = await asked.finally(() => clearInterval(waiting));
    expect([reply.status, reply.headers.get("retry-after")]).toEqual([503, "5"]);
    expect(reply.json).toMatchObject({ error: { code: "store" } });
    await bus.close();
  });

  it("takes reports of inactivity from persons alone", async () => {
    const { clock, client, members, as } = await here();
    const report = (inactive: unknown, user: RequestInit = as("3")) =>
      client.post("presence", JSON.stringify({ inactive }), user);
    members.join({ id: 3 }, ["room"]);
    expect(await report(1_900_000)).toMatchObject({ status: 200, json: {} });
    clock.advance(60);
    await until(() => members.status(3) === "away");
    await report(0);
    clock.advance(60);
    await until(() => members.status(3) === "online");
    expect(await report(-1)).toMatchObject({ status: 400, json: { error: { code: "bad_inactive" } } });
    expect(await report(0, {})).toMatchObject({ status: 403, json: { error: { code: "refused" } } });
    expect(await report(0, as("banned"))).toMatchObject({
      status: 403,
      json: { error: { message: "you are banned" } },
    });
    expect(await client.poll({ channels: ["room"], timeout: 0 }, as("banned"))).toMatchObject({ status: 403 });
  });

  it("tells pages of Odoo the status of partners, in the polls of 12 and by the call of 13 and 14", async () => {
    const { bus, clock, client, members, as } = await here({ channels: () => [["db", "res.partner", 3]] });
    const options = { bus_inactivity: 1_900_000, bus_presence_partner_ids: [3, 9] };
    const body = { jsonrpc: "2.0", id: 1, params: { channels: [], last: bus.last, options } };
    const held = client.poll(body, as("3"));
    await until(() => bus.waiting === 1);
    clock.advance(49_999);
    expect(bus.waiting, "statuses end no wait").toBe(1);
    clock.advance(10);
    const channel = ["db", "bus.presence"];
    expect((await held).json).toMatchObject({
      result: [
        { id: -1, channel, message: { id: 3, im_status: "away" } },
        { id: -1, channel, message: { id: 9, im_status: "offline" } },
      ],
    });
    members.join({ id: 9 }, []);
    clock.advance(60);
    await until(() => members.status(9) === "online");
    const call = JSON.stringify({ jsonrpc: "2.0", id: 2, params: { partner_ids: [3, 9] } });
    const statuses = [
      { id: 3, im_status: "away" },
      { id: 9, im_status: "online" },
    ];
    expect((await client.post("im_status", call, as("3"))).json).toEqual({ jsonrpc: "2.0", id: 2, result: statuses });
    expect((await client.post("im_status", call)).json).toMatchObject({ error: { code: 100 } });
  });

  it("tells pages of Odoo no status that the sees hook leaves out, and none if it fails", async () => {
    let answer: () => unknown = async () => [3];
    const { bus, client, as, errors } = await here({ channels: () => ["lobby"] }, () => answer());
    const ask = async (user?: string) => {
      const call = { jsonrpc: "2.0", id: 2, params: { partner_ids: [3, 9] } };
      return (await client.post("im_status", JSON.stringify(call), user === undefined ? {} : as(user))).json;
    };
    const seen = [{ id: 3, im_status: "offline" }];
    expect(await ask("4")).toMatchObject({ result: seen });
    const options = { bus_inactivity: 0, bus_presence_partner_ids: [3, 9] };
    const body = { jsonrpc: "2.0", id: 1, params: { channels: [], last: bus.last, options } };
    const held = client.poll(body, as("4"));
    await until(() => bus.waiting === 1);
    await bus.sendone("lobby", 1);
    expect((await held).json).toMatchObject({ result: [{ channel: "lobby" }, { id: -1, message: seen[0] }] });
    answer = () => [3, 5];
    expect(await ask("4"), "ids that nobody asked for are left out").toMatchObject({ result: seen });
    answer = () => true;
    expect(await ask("4")).toMatchObject({ error: { code: "internal" } });
    expect(errors.map(({ message }) => message)).toEqual([expect.stringMatching(/sees must return a list of ids/)]);
    answer = () => Promise.reject(Object.assign(new Error("not you"), { status: 403 }));
    expect(await ask("4")).toMatchObject({ error: { data: { name: "nightbus.refused" } } });
    await bus.close();
  });

  it("tells each page of Odoo 12 what its own sees hook allows, also in long answers to the same notifications", async () => {
    const sees = (context: Context) => (host.header(context, "x-user") === "4" ? [3] : [9]);
    const { bus, client, as, errors } = await here({ channels: () => ["lobby"] }, sees);
    const options = { bus_inactivity: 0, bus_presence_partner_ids: [3, 9] };
    const body = { jsonrpc: "2.0", id: 1, params: { channels: [], last: bus.last, options } };
    const held = ["4", "5"].map((user) => client.poll(body, as(user)));
    await until(() => bus.waiting === 2);
    await bus.sendone("lobby", "x".repeat(70_000));
    const rows = (await Promise.all(held)).map(({ json }) => (json as { result: { message: unknown }[] }).result);
    expect(rows.map((each) => each.length)).toEqual([2, 2]);
    expect(rows.map((each) => each.at(-1)?.message)).toMatchObject([{ id: 3 }, { id: 9 }]);
    expect(errors).toEqual([]);
    await bus.close();
  });

  it("has none of these routes without presence", async () => {
    const { client } = await start();
    expect((await client.get("presence?channels=room")).status).toBe(404);
    expect((await client.post("im_status", "{}")).status).toBe(404);
  });
}
