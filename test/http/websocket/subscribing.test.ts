import pDefer from "p-defer";
import { describe, expect, it } from "vitest";
import { turns, until } from "../../../src/testing/conformance/bus/topic.ts";
import { StoreDouble } from "../../support/doubles.ts";
import { makeBed } from "./bed.ts";

const NEW = "/websocket?version=17.0-1";
const OLD = "/websocket";

describe("a socket", () => {
  it("gets the notifications of its channels, as lists with rising ids and the form of Odoo", async () => {
    const bed = await makeBed();
    const client = await bed.reader(["a", "b"]);
    const ids = [
      await bed.bus.sendone("a", { type: "chat", payload: { n: 1 }, extra: true }),
      await bed.bus.sendone("elsewhere", 0),
      await bed.bus.sendone("b", { type: 5, payload: 1 }),
      await bed.bus.sendone("a", { type: "half" }),
      await bed.bus.sendone("a", null),
      await bed.bus.sendone("a", '{"type":"text","payload":1}'),
    ];
    await client.has(5);
    expect(client.messages).toEqual([
      { id: ids[0], message: { type: "chat", payload: { n: 1 }, extra: true } },
      { id: ids[2], message: { type: "b", payload: { type: 5, payload: 1 } } },
      { id: ids[3], message: { type: "a", payload: { type: "half" } } },
      { id: ids[4], message: { type: "a", payload: null } },
      { id: ids[5], message: { type: "a", payload: '{"type":"text","payload":1}' } },
    ]);
  });

  it("gets the first name of a tuple as the type, and a send whole in one frame", async () => {
    const bed = await makeBed({ channels: () => [["res.partner", 3]] });
    const client = await bed.reader([]);
    const ids = await bed.bus.sendmany([
      [["res.partner", 3], 1],
      [["res.partner", 4], 2],
      [["res.partner", 3], 3],
    ]);
    await client.has(2);
    expect(client.frames).toEqual([
      [
        { id: ids[0], message: { type: "res.partner", payload: 1 } },
        { id: ids[2], message: { type: "res.partner", payload: 3 } },
      ],
    ]);
  });

  it("reads the list of its last subscription alone, and nothing with an empty one", async () => {
    const bed = await makeBed();
    const client = await bed.reader(["a"]);
    client.subscribe(["b"]);
    await bed.settled(client);
    await bed.bus.sendone("a", 1);
    await bed.bus.sendone("b", 2);
    await client.has(1);
    client.subscribe([]);
    await bed.settled(client);
    await bed.bus.sendone("b", 3);
    client.subscribe(["b"]);
    await client.has(2);
    expect(client.payloads).toEqual([2, 3]);
  });

  it.each([OLD, NEW])("gets what came since on a channel that is added later, and nothing twice: %s", async (path) => {
    const bed = await makeBed();
    const begin = bed.bus.last;
    await bed.bus.sendone("a", "before");
    const client = await bed.reader(["a"], bed.bus.last, path);
    await bed.bus.sendone("a", 1);
    await bed.bus.sendone("b", 2);
    await bed.bus.sendone("a", 3);
    await bed.bus.sendone("b", 4);
    await client.has(2);
    client.subscribe(["a", "b"], begin);
    await client.has(3);
    await bed.bus.sendone("a", 5);
    await client.has(4);
    expect(client.payloads).toEqual([1, 3, 4, 5]);
  });

  it("without a notification so far gets all that came since it began on a channel that is added", async () => {
    const bed = await makeBed();
    await bed.bus.sendone("b", "long ago");
    bed.clock.advance(60_000);
    await bed.bus.sendone("b", "young");
    const client = await bed.reader(["a"], 0, NEW);
    bed.clock.advance(30_000);
    await bed.bus.sendone("b", 1);
    await bed.pass(300_000, 10_000);
    client.subscribe(["a", "b"], 0);
    await client.has(2);
    expect(client.payloads).toEqual(["young", 1]);
  });

  it("without a position gets the last 50 s, also if its position lies beyond the newest id", async () => {
    const bed = await makeBed();
    await bed.bus.sendone("a", "old");
    bed.clock.advance(50_001);
    await bed.bus.sendone("a", "young");
    for (const last of [0, null, false, undefined, bed.bus.last + 1_000]) {
      const client = await bed.open(NEW);
      client.say("subscribe", { channels: ["a"], last });
      await client.has(1);
      expect(client.payloads).toEqual(["young"]);
    }
  });

  it("asks the store before it calls a position one from the future", async () => {
    const store = new StoreDouble();
    const bed = await makeBed({}, { store });
    const id = store.skip(0) + 1;
    store.syncing = () => {
      if (store.syncs === 1) store.commit([{ key: '"a"', json: "1" }]);
    };
    const client = await bed.open(NEW);
    client.subscribe(["a"], id);
    await until(() => store.syncs === 1, "the store is asked");
    await bed.settled(client);
    store.commit([{ key: '"a"', json: "2" }]);
    await client.has(1);
    expect(client.payloads).toEqual([2]);
  });

  it("of version 16 raises its position by each subscription, and one of version 17 takes the first alone", async () => {
    const bed = await makeBed();
    const ids = [];
    for (const n of [1, 2, 3, 4]) ids.push(await bed.bus.sendone("b", n));
    const [old, later] = [await bed.reader(["a"], ids[0], OLD), await bed.reader(["a"], ids[0], NEW)];
    for (const client of [old, later]) client.subscribe(["a", "b"], ids[2]);
    await Promise.all([old.has(1), later.has(3)]);
    expect([old.payloads, later.payloads]).toEqual([[4], [2, 3, 4]]);
    old.subscribe(["b"], ids[0]);
    await bed.settled(old);
    expect(old.payloads, "a lower one lowers nothing").toEqual([4]);
  });

  it("takes the newest of two lists, whichever hook answers first", async () => {
    const answers = [pDefer<readonly string[]>(), pDefer<readonly string[]>()];
    const asked: (readonly string[])[] = [];
    const bed = await makeBed({
      channels: (requested) => {
        asked.push(requested);
        return answers[asked.length - 1]!.promise;
      },
    });
    const client = await bed.open(NEW);
    client.subscribe(["a"]);
    client.subscribe(["b"]);
    await until(() => asked.length === 2, "both hooks are asked");
    answers[1]!.resolve(["b"]);
    await turns();
    answers[0]!.resolve(["a"]);
    await turns();
    await bed.bus.sendone("a", 1);
    await bed.bus.sendone("b", 2);
    await client.has(1);
    await bed.settled(client);
    expect(client.payloads).toEqual([2]);
  });

  it("keeps the newest alone of the lists that wait for a hook", async () => {
    const asked: string[] = [];
    const first = pDefer<readonly string[]>();
    const bed = await makeBed({
      channels: ([name]) => {
        asked.push(name!);
        return asked.length > 4 ? [name!] : first.promise;
      },
    });
    const client = await bed.open(NEW);
    for (const name of ["1", "2", "3", "4", "5", "6", "7"]) client.subscribe([name]);
    await bed.settled(client);
    expect(asked).toEqual(["1", "2", "3", "4"]);
    first.resolve(["1"]);
    await until(() => asked.length === 5, "the last list is asked for");
    await turns();
    await bed.bus.sendone("7", "heard");
    await client.has(1);
    expect([asked, client.payloads]).toEqual([["1", "2", "3", "4", "7"], ["heard"]]);
  });

  it("keeps its list when a hook refuses or fails, and the fault alone is reported", async () => {
    const bed = await makeBed({
      channels: (requested) => {
        if (requested.includes("secret")) throw Object.assign(new Error("no"), { status: 403 });
        if (requested.includes("bug")) throw new Error("a bug");
        if (requested.includes("wrong")) return "wrong" as never;
        return requested;
      },
    });
    const client = await bed.reader(["a"]);
    for (const name of ["secret", "bug", "wrong"]) client.subscribe([name]);
    await bed.settled(client);
    await bed.bus.sendone("a", 1);
    await client.has(1);
    expect(bed.errors.map(({ message }) => message)).toEqual([
      "the mount's channels hook threw: Error: a bug",
      expect.stringContaining("hook must return a list of channels"),
    ]);
    expect([client.closed, bed.bus.stats()]).toMatchObject([undefined, { sockets: 1, badFrames: 0 }]);
  });

  it("closes with 1011 when the first subscription meets a fault, and the client comes back", async () => {
    let isBroken = true;
    const bed = await makeBed({
      channels: (requested) => {
        if (isBroken) throw new Error("a bug");
        return requested;
      },
    });
    const client = await bed.open(NEW);
    client.subscribe(["a"]);
    await until(() => client.closed !== undefined, "the socket has closed");
    expect(client.closed?.code).toBe(1011);
    isBroken = false;
    const again = await bed.reader(["a"]);
    await bed.bus.sendone("a", 1);
    await again.has(1);
  });

  it("asks the hook with the request of its upgrade, and takes presence out of the list", async () => {
    const token = `${"a".repeat(64)}o0x1f`;
    const heard: unknown[] = [];
    const bed = await makeBed({
      channels: (requested, request, { presence }) => {
        heard.push([requested, request.headers["cookie"], presence]);
        return presence.map(({ model, id }) => [model, id, "presence"] as const);
      },
    });
    const client = await bed.open(NEW, { cookie: "session=1" });
    const names = ["odoo-presence-res.partner_3", `odoo-presence-mail.guest_4-${token}`, "odoo-presence-_", "a"];
    client.subscribe(names);
    await bed.settled(client);
    expect(heard).toEqual([
      [
        ["a"],
        "session=1",
        [
          { model: "res.partner", id: 3 },
          { model: "mail.guest", id: 4, token },
        ],
      ],
    ]);
    await bed.bus.sendone(["res.partner", 3, "presence"], { type: "bus.bus/im_status_updated", payload: 1 });
    await client.has(1);
    expect(client.payloads).toEqual([1]);
  });

  it("shows presence to nobody without a hook", async () => {
    const bed = await makeBed();
    const client = await bed.reader(["odoo-presence-res.partner_3", "a"]);
    await bed.bus.sendmany([
      [["res.partner", 3, "presence"], 1],
      ["odoo-presence-res.partner_3", 2],
      ["a", 3],
    ]);
    await client.has(1);
    expect(client.payloads).toEqual([3]);
  });

  it("tells the application of what its client missed", async () => {
    const missed: unknown[] = [];
    const bed = await makeBed(
      { user: () => "ann", onMissed: (user, channels) => void missed.push([user, channels]) },
      { retention: { count: 1 } },
    );
    const first = await bed.bus.sendone("a", 1);
    for (const n of [2, 3]) await bed.bus.sendone("a", n);
    const client = await bed.open(NEW);
    client.subscribe(["a"], first);
    await client.has(1);
    expect([client.payloads, missed]).toEqual([[3], [["ann", ["a"]]]]);
    const other = await bed.reader(["b"], first, NEW);
    const stranger = await bed.reader(["b"], 7, NEW);
    const ahead = await bed.reader(["b"], bed.bus.last + 5, NEW);
    expect([other.frames, stranger.frames, ahead.frames], "nothing is no frame").toEqual([[], [], []]);
    expect(missed.slice(1)).toEqual([
      ["ann", ["b"]],
      ["ann", ["b"]],
    ]);
  });

  it("reports what onMissed throws, and goes on", async () => {
    const bed = await makeBed({
      onMissed: () => {
        throw new Error("a bug");
      },
    });
    const client = await bed.reader(["a"], 7);
    await bed.bus.sendone("a", 1);
    await client.has(1);
    expect(bed.errors.map(({ cause }) => (cause as Error).message)).toEqual(["a bug"]);
  });

  it("reports a promise of onMissed that rejects", async () => {
    const bed = await makeBed({ onMissed: () => Promise.reject(new Error("a bug")) });
    const client = await bed.reader(["a"], 7);
    await bed.bus.sendone("a", 1);
    await client.has(1);
    expect(bed.errors.map(({ cause }) => (cause as Error).message)).toEqual(["a bug"]);
  });
});
