import { presenceOf } from "nightbus/client/presence";
import { presence } from "nightbus/presence";
import { type FakeBus, fakeBus, fakeClient } from "nightbus/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { hubOf } from "../../../src/bus.ts";

interface Chat {
  lobby: { text: string };
  user: { note: string };
}

describe.each(["events", "poll"] as const)("a fake client over %s", (transport) => {
  let bus: FakeBus<Chat>;
  beforeEach(() => {
    bus = fakeBus<Chat>();
  });
  afterEach(() => bus.close());

  it("gets what is sent on its channels, and what its user gets in private, and nothing else", async () => {
    const client = fakeClient(bus, { channels: ["lobby"], adds: [["user", 7]], transport, last: 0 });
    const heard: unknown[] = [];
    client.on("notification", ({ channel, message }) => heard.push([channel, message]));
    await vi.waitUntil(() => client.status === "live");
    await bus.sendmany([
      [["user", 8], { note: "not yours" }],
      ["lobby", { text: "hi" }],
      [["user", 7], { note: "yours" }],
    ]);
    await vi.waitUntil(() => heard.length === 2);
    expect(heard).toEqual([
      ["lobby", { text: "hi" }],
      [["user", 7], { note: "yours" }],
    ]);
    client.close();
    expect(client.status).toBe("closed");
    await vi.waitUntil(() => bus.parked.length === 0);
  });

  it("is a member of its channels while it is connected, and sees who else is", async () => {
    const here = presence(bus, {
      member: (request: Request) => ({ id: request.headers.get("x-user") ?? "", info: null }),
    });
    const clients = ["ann", "bob"].map((id) =>
      fakeClient(bus, { presence: here, headers: { "x-user": id }, transport, last: 0 }),
    );
    const lists = clients.map((client) => presenceOf(client, "lobby", { reports: false }));
    const names = (list: (typeof lists)[number] | undefined): string => list?.members.map(({ id }) => id).join() ?? "";
    const connected = (): number => bus.parked.length + bus.stats().streams;
    // A connection may become a lease some turns after it shows, so the clock goes on until the lists are right.
    const until = (isRight: () => boolean, step: number): Promise<boolean> =>
      vi.waitUntil(
        async () => {
          await bus.advance(step);
          return isRight();
        },
        { timeout: 20_000, interval: 20 },
      );
    await vi.waitUntil(() => connected() === 2, { timeout: 20_000 });
    await until(() => lists.every((list) => names(list).length === 7), 50);
    clients[1]?.close();
    await vi.waitUntil(() => connected() === 1, { timeout: 20_000 });
    await bus.advance(66_000);
    await until(() => names(lists[0]) === "ann", 50);
    clients[0]?.close();
  });

  it("shares one mount with the others, which get what is theirs alone", async () => {
    const clients = Array.from({ length: 12 }, (_, user) =>
      fakeClient(bus, { adds: [["user", user]], transport, last: 0 }),
    );
    const heard: unknown[] = [];
    for (const client of clients) client.on("notification", ({ channel }) => heard.push(channel));
    await bus.settled();
    await bus.sendmany([
      [["user", 3], { note: "yours" }],
      [["user", 5], { note: "yours" }],
    ]);
    await bus.settled();
    expect(heard).toEqual([
      ["user", 3],
      ["user", 5],
    ]);
    expect(hubOf(bus).closings.size).toBe(1);
    for (const client of clients) client.close();
  });

  it("sends to the bus", async () => {
    const client = fakeClient(bus, { channels: ["lobby"], transport });
    expect(await client.sendone("lobby", { text: "hi" })).toBe(1);
    bus.expectSent("lobby", { text: "hi" });
    bus.fail("lobby", new Error("disk full"));
    await expect(client.sendone("lobby", { text: "again" })).rejects.toMatchObject({ code: "store", status: 503 });
    client.close();
  });

  it("is told missed when the bus restarts", async () => {
    await bus.sendone("lobby", { text: "before" });
    const client = fakeClient(bus, { channels: ["lobby"], transport, last: bus.last });
    const missed: unknown[] = [];
    client.on("missed", (gap) => missed.push(gap));
    await vi.waitUntil(() => client.status === "live");
    await bus.settled();
    bus.restart();
    await vi.waitUntil(() => missed.length > 0);
    expect(missed).toEqual([{ last: 1 }]);
    expect(client.last).toBe(1_000_000);
    client.close();
  });
});
