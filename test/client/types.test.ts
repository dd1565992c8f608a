import type { Notification } from "nightbus";
import { type Client, type ClientEvents, connect, type NamedEntry } from "nightbus/client";
import { describe, it } from "vitest";

// tsc checks the marks here: an error that does not come fails it, as an unmarked error does.

interface Chat {
  lobby: { text: string };
  "chess.game": { move: string };
  [room: `room.${string}`]: { text: string; room: true };
}

/** Type-checks its body and does not run it. */
function checked(_body: (bus: Client<Chat>, any: Client) => unknown): void {}

type Same<One, Other> = (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Other ? 1 : 2 ? true : false;
const same = <_Same extends true>(): void => {};

describe("the types of a client", () => {
  it("take the names of the map, and their messages", () => {
    checked((bus, any) => {
      bus.sendone("lobby", { text: "hi" });
      bus.sendone("room.7", { text: "hi", room: true });
      bus.sendmany([
        ["lobby", { text: "hi" }],
        ["chess.game", { move: "e4" }],
      ]);
      bus.addChannel("room.7");
      any.sendone("whatever", [1]);
      connect<Chat>("/longpolling", { channels: ["lobby", "room.7"] });
    });
  });

  it("refuse a channel that the map does not have", () => {
    checked((bus) => {
      // @ts-expect-error: no channel has this name
      bus.sendone("loby", { text: "hi" });
      // @ts-expect-error: only the server can name a tuple
      bus.sendone(["lobby", 7], { text: "hi" });
      // @ts-expect-error: no channel has this name
      bus.addChannel("loby");
      // @ts-expect-error: no channel has this name
      bus.deleteChannel("loby");
      // @ts-expect-error: no channel has this name
      bus.subscribe(["lobby", "loby"]);
      // @ts-expect-error: a name is no list of them
      bus.subscribe("lobby");
      // @ts-expect-error: no channel has this name
      connect<Chat>("/longpolling", { channels: ["loby"] });
    });
  });

  it("refuse a message that is not the channel's", () => {
    checked((bus) => {
      // @ts-expect-error: the lobby's message has a text
      bus.sendone("lobby", { move: "e4" });
      // @ts-expect-error: it has one
      bus.sendone("lobby");
      // @ts-expect-error: a game's message has a move
      bus.sendmany([["chess.game", { text: "hi" }]]);
      // @ts-expect-error: an entry has a message
      bus.sendmany([["lobby"]]);
      // @ts-expect-error: a room's message says so
      const entry: NamedEntry<Chat> = ["room.7", { text: "hi" }];
      return entry;
    });
  });

  it("refuse a listener that takes less than it is told", () => {
    checked((bus) => {
      bus.on("notification", (n: Notification<Chat>) => n.id);
      bus.on("missed", ({ last }: { last: number }) => last);
      // @ts-expect-error: a notification may be of another channel
      bus.on("notification", (n: Notification<Chat, "lobby">) => n.message.text);
      // @ts-expect-error: a status may be another one
      bus.on("status", (status: "live") => status);
      // @ts-expect-error: there is no such event
      bus.on("message", () => {});
      const one = (_: Notification<Chat, "lobby">): void => {};
      // @ts-expect-error: what listens to one channel is no listener to all
      const all: ClientEvents<Chat>["notification"] = one;
      return all;
    });
  });

  it("narrow a notification by its channel", () => {
    checked(async (bus, any) => {
      bus.on("notification", (n) => {
        if (n.channel === "chess.game") same<Same<typeof n.message, { move: string }>>();
        // @ts-expect-error: it may be of another channel
        return n.message.move;
      });
      for await (const n of bus.subscribe(["chess.game"])) same<Same<typeof n, Notification<Chat, "chess.game">>>();
      for await (const { channel, message } of bus.subscribe(["lobby", "chess.game"])) {
        same<Same<typeof channel, "lobby" | "chess.game">>();
        // @ts-expect-error: it may be a move
        void message.text;
      }
      any.on("notification", ({ message }) => same<Same<typeof message, unknown>>());
    });
  });

  it("refuse what is none of the options", () => {
    checked((bus) => {
      connect("/bus", {
        storage: sessionStorage,
        headers: () => ({ token: "1" }),
        credentials: "include",
      });
      // @ts-expect-error: there is no such transport
      connect("/bus", { transport: "websocket" });
      // @ts-expect-error: a last is a number
      connect("/bus", { last: "7" });
      // @ts-expect-error: an option that is left out is not undefined
      connect("/bus", { last: undefined });
      // @ts-expect-error: it follows the connection
      bus.last = 7;
    });
  });
});
