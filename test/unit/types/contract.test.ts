import { Bus, type Entry, type MessageOf, type SentOf } from "nightbus";
import { connect } from "nightbus/client";
import { queueOf } from "nightbus/client/queue";
import { mount } from "nightbus/express";
import { fakeBus } from "nightbus/testing";
import { object, string } from "valibot";
import { describe, it } from "vitest";
import { z } from "zod";

// tsc checks the marks here: an error that does not come fails it, as an unmarked error does.

const contract = {
  lobby: z.object({ text: z.string(), at: z.string().transform(Number) }),
  game: object({ move: string() }),
};
const make = () => new Bus({ channels: contract });
type Typed = ReturnType<typeof make>;

type Same<One, Other> = (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Other ? 1 : 2 ? true : false;
const same = <_Same extends true>(): void => {};

/** Type-checks its body and does not run it. */
function checked(_body: (bus: Typed) => unknown): void {}

describe("the types of a bus with a contract", () => {
  it("take the input of a schema, and give its output", () => {
    same<Same<SentOf<typeof contract, "lobby">, { text: string; at: string }>>();
    same<Same<MessageOf<typeof contract, "lobby">, { text: string; at: number }>>();
    same<Same<MessageOf<typeof contract, readonly ["game", 7]>, { move: string }>>();
    checked(async (bus) => {
      await bus.sendone("lobby", { text: "hi", at: "1" });
      await bus.sendmany([
        ["lobby", { text: "hi", at: "1" }],
        [["game", 7], { move: "e4" }],
      ]);
      for (const { message } of await bus.poll(["lobby"])) same<Same<typeof message, { text: string; at: number }>>();
    });
  });

  it("refuse a wrong message, name or map", () => {
    checked((bus) => {
      // @ts-expect-error: the schema takes text
      bus.sendone("lobby", { text: "hi", at: 1 });
      // @ts-expect-error: no schema has this name
      bus.sendone("loby", { text: "hi", at: "1" });
      // @ts-expect-error: the message is that of another channel
      bus.sendmany([["game", { text: "hi", at: "1" }]]);
      // @ts-expect-error: the map says number, the schema text
      new Bus<{ lobby: number }>({ channels: { lobby: z.string() } });
      // @ts-expect-error: the map has a name without a schema
      new Bus<{ lobby: string; game: string }>({ channels: { lobby: z.string() } });
      new Bus<{ lobby: string }>({ channels: { lobby: z.string() } }).sendone("lobby", "hi");
    });
  });

  it("type a client by the server's bus, by its map, and a mount's hooks", () => {
    checked((bus) => {
      const client = connect<Typed>("/longpolling", { channels: ["lobby"] });
      client.on("notification", (notification) => {
        if (notification.channel === "lobby") notification.message.at.toFixed();
      });
      client.sendone("lobby", { text: "hi", at: "1" });
      // @ts-expect-error: a method of the bus is no channel
      client.addChannel("sendone");
      // @ts-expect-error: the schema takes text
      client.sendone("lobby", { text: "hi", at: 1 });
      connect<typeof contract>("/longpolling").sendone("game", { move: "e4" });
      mount(bus, { send: () => [["lobby", { text: "hi", at: "1" }]] });
      // @ts-expect-error: the hook's entries are checked too
      mount(bus, { send: () => [["lobby", { text: "hi", at: 1 }]] });
      fakeBus({ channels: contract }).expectSent("lobby", { text: "hi", at: 1 });
    });
  });

  it("allow any name by the schema of all names", () => {
    const any = () => new Bus({ channels: { "*": z.number(), lobby: z.string() } });
    void any;
    ((bus: ReturnType<typeof any>) => {
      bus.sendone("whatever", 1);
      bus.sendone("lobby", "hi");
      bus.on("notification", ({ message }) => same<Same<typeof message, string | number>>());
      // @ts-expect-error: the schema of the name comes first
      bus.sendone("lobby", 1);
      bus.sendmany([
        ["lobby", "hi"],
        ["whatever", 1],
        [["whatever", 7], 1],
      ]);
      // @ts-expect-error: in a list, too
      bus.sendmany([["lobby", 1]]);
      const list: Entry<ReturnType<typeof any>>[] = [["lobby", "hi"]];
      list.push(["whatever", 1]);
      bus.sendmany(list);
      // @ts-expect-error: within a transaction, too
      bus.sendwithin({}, [["lobby", 1]]);
      const client = connect<typeof bus>("/longpolling");
      client.sendmany([["whatever", 1]]);
      // @ts-expect-error: from a client as well
      client.sendmany([["lobby", 1]]);
      const queue = queueOf(client, { onGivenUp: ({ entries }) => entries[0]?.[0].length });
      queue.sendone("lobby", "hi");
      // @ts-expect-error: the queue has the map of its client
      queue.sendone("lobby", 1);
      // @ts-expect-error: in a list, too
      queue.sendmany([["lobby", 1]]);
      // @ts-expect-error: of a tuple as well
      bus.sendmany([[["lobby", 7], 1]]);
    }).toString();
  });
});
