import assert from "node:assert/strict";
import {
  type AnyChannels,
  type Batch,
  Bus,
  type ChannelOf,
  type Entry,
  isOn,
  type MessageOf,
  type Notification,
  type Store,
} from "nightbus";
import { describe, it } from "vitest";

// tsc checks the marks here: an error that does not come fails it, as an unmarked error does.

interface Chat {
  lobby: { text: string };
  "chess.game": { move: string };
  [room: `room.${string}`]: { text: string; room: true };
}

type Shop = { readonly prices: readonly number[]; readonly order: { readonly id: number } };

/** Type-checks its body and does not run it. */
function checked(_body: (bus: Bus<Chat>, shop: Bus<Shop>, any: Bus) => unknown): void {}

type Same<One, Other> = (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Other ? 1 : 2 ? true : false;
const same = <_Same extends true>(): void => {};

describe("the types of a bus", () => {
  it("take the channels of the map as strings and as tuples, and their messages", () => {
    checked((bus, shop) => {
      bus.sendone("lobby", { text: "hi" });
      bus.sendone(["lobby", 7], { text: "hi" });
      bus.sendone(["chess.game", 7, "white"], { move: "e4" });
      bus.sendmany([
        ["lobby", { text: "hi" }],
        [["chess.game", 7], { move: "e4" }],
      ]);
      shop.sendone("prices", [1, 2]);
      shop.poll(["prices", ["order", 3]]);
    });
  });

  it("refuse a channel that the map does not have", () => {
    checked((bus) => {
      // @ts-expect-error: no channel has this name
      bus.sendone("loby", { text: "hi" });
      // @ts-expect-error: no channel has this name, as a tuple neither
      bus.sendone(["loby", 7], { text: "hi" });
      // @ts-expect-error: a tuple begins with a name
      bus.sendone([7, "lobby"], { text: "hi" });
      // @ts-expect-error: a part of a tuple is a string or a number
      bus.sendone(["lobby", { id: 7 }], { text: "hi" });
      // @ts-expect-error: nobody sends on it, so nobody polls it
      bus.poll(["lobby", "loby"]);
      // @ts-expect-error: nobody sends on it, so nobody subscribes to it
      bus.subscribe(["loby"]);
      // @ts-expect-error: nobody sends on it
      bus.recent(["loby"], 1);
      // @ts-expect-error: a channel is no list of channels
      bus.poll("lobby");
    });
  });

  it("refuse a message that is not the channel's", () => {
    checked((bus, shop) => {
      // @ts-expect-error: the lobby's message has a text
      bus.sendone("lobby", { move: "e4" });
      // @ts-expect-error: the text is a string
      bus.sendone(["lobby", 1], { text: 1 });
      // @ts-expect-error: a game's message has a move
      bus.sendmany([[["chess.game", 7], { text: "hi" }]]);
      // @ts-expect-error: prices are a list
      shop.sendone("prices", 1);
      // @ts-expect-error: a message is not left out
      bus.sendone("lobby");
    });
  });

  it("know keys that are patterns, of an interface and of a type", () => {
    checked((bus) => {
      bus.sendone("room.kitchen", { text: "hi", room: true });
      bus.sendone(["room.kitchen", 1], { text: "hi", room: true });
      // @ts-expect-error: a room's message says so
      bus.sendone("room.kitchen", { text: "hi" });
      // @ts-expect-error: it does not begin as a room does
      bus.sendone("kitchen", { text: "hi", room: true });
    });
    type Patterns = { readonly [key: `user.${number}`]: { readonly seen: boolean }; readonly all: null };
    checked(() => {
      const users = new Bus<Patterns>();
      users.sendone("user.7", { seen: true });
      users.sendone("all", null);
      // @ts-expect-error: a user has a number
      users.sendone("user.x", { seen: true });
    });
    same<Same<MessageOf<Chat, "room.kitchen">, { text: string; room: true }>>();
    same<Same<MessageOf<Chat, readonly ["chess.game", 7]>, { move: string }>>();
  });

  it("narrow a notification by its channel, if that is a string", async () => {
    await using bus = new Bus<Chat>();
    await bus.sendmany([
      ["lobby", { text: "hi" }],
      [["chess.game", 7], { move: "e4" }],
    ]);
    const seen: string[] = [];
    for (const n of await bus.poll(["lobby", ["chess.game", 7]])) {
      // @ts-expect-error: it may be a move
      void n.message.text;
      if (n.channel === "lobby") seen.push(n.message.text);
      else seen.push(n.message.move);
    }
    assert.deepEqual(seen, ["hi", "e4"]);
  });

  it("narrow a notification by isOn, string or tuple", async () => {
    await using bus = new Bus<Chat>();
    const seen: string[] = [];
    bus.on("notification", (n) => {
      if (isOn(n, "chess.game")) seen.push(n.message.move);
      else if (isOn(n, "lobby")) seen.push(n.message.text);
    });
    await bus.sendmany([
      ["lobby", { text: "hi" }],
      [["chess.game", 7], { move: "e4" }],
      [["lobby", 1], { text: "you" }],
      ["room.x", { text: "not asked for", room: true }],
    ]);
    assert.deepEqual(seen, ["hi", "e4", "you"]);
  });

  it("narrow by isOn where names are patterns, and where there is no map", () => {
    checked((bus, _, any) => {
      bus.on("notification", (n) => {
        if (!isOn(n, "room.kitchen")) return;
        same<Same<(typeof n)["message"], { text: string; room: true }>>();
        const channel: "room.kitchen" | readonly ["room.kitchen", ...(string | number)[]] = n.channel;
        void channel;
      });
      any.on("notification", (n) => {
        if (!isOn(n, "lobby")) return;
        same<Same<(typeof n)["message"], unknown>>();
        const channel: "lobby" | readonly ["lobby", ...(string | number)[]] = n.channel;
        void channel;
      });
    });
  });

  it("give a subscription that ends with its block", () => {
    checked(async (bus) => {
      await using news = bus.subscribe(["lobby"]);
      for await (const { message } of news) same<Same<typeof message, { text: string }>>();
    });
  });

  it("give a subscription's and a recent's notifications as precisely as a poll's", () => {
    checked(async (bus) => {
      for await (const n of bus.subscribe(["lobby"])) same<Same<typeof n.message, { text: string }>>();
      const [n] = await bus.recent([["chess.game", 7]], 1);
      same<Same<typeof n, Notification<Chat, readonly ["chess.game", 7]> | undefined>>();
      const batch = await bus.poll(["lobby"]);
      same<Same<typeof batch, Batch<Notification<Chat, "lobby">>>>();
      same<Same<typeof batch.last, number>>();
      same<Same<typeof batch.missed, boolean>>();
    });
  });

  it("let nobody write on what readers share", () => {
    checked(async (bus) => {
      const batch = await bus.poll(["lobby", ["chess.game", 1]]);
      // @ts-expect-error: a batch is read-only
      batch.push(batch[0]);
      // @ts-expect-error: and so is where it ends
      batch.last = 1;
      // @ts-expect-error: and what is in it
      batch[0].id = 1;
    });
  });

  it("let a bus without a map send and poll anything, with an unknown message", () => {
    checked(async (_, __, bus) => {
      bus.sendone("anything", 1);
      bus.sendone(["any", "thing", 1], { at: "all" });
      const [n] = await bus.poll(["anything"]);
      same<Same<Exclude<typeof n, undefined>["message"], unknown>>();
      // @ts-expect-error: a channel is a string, or a tuple that begins with one
      bus.sendone(1, 1);
    });
  });

  it("are not those of a bus without a map, so whatever takes a bus is generic", () => {
    checked((bus) => {
      const generic = <C extends object>(_bus: Bus<C>): void => {};
      generic(bus);
      // @ts-expect-error: who took it for any bus could send anything on it
      const any: Bus<AnyChannels> = bus;
      return any;
    });
  });

  it("refuse options that do not exist, and undefined callbacks of events", () => {
    checked((bus) => {
      // @ts-expect-error: it is called lookback
      bus.poll(["lobby"], 0, 0, { lookBack: 1 });
      // @ts-expect-error: there is no such event
      bus.on("notifications", () => {});
      bus.on("notification", (n) => void same<Same<typeof n, Notification<Chat>>>());
      bus.on("error", (error) => void same<Same<typeof error, Error>>());
      // @ts-expect-error: a path is no store
      return new Bus({ store: "bus.db" });
    });
  });

  it("can be named by those who build on them", () => {
    same<Same<ChannelOf<{ a: 1 }>, "a" | readonly ["a", ...(string | number)[]]>>();
    const entries: Entry<Shop>[] = [
      ["prices", [1]],
      [["order", 1], { id: 1 }],
    ];
    // @ts-expect-error: an order is no price
    entries.push(["prices", { id: 1 }]);
    checked((_, shop) => shop.sendmany(entries));
    const store: Pick<Store, "maxRows"> = { maxRows: 1 };
    assert.equal(store.maxRows, 1);
  });
});
