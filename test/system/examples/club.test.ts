import Database from "better-sqlite3";
import { type FakeBus, fakeBus } from "nightbus/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Club, retention } from "../../../examples/chess/channels.ts";
import { ChessClub } from "../../../examples/chess/club.ts";
import { Games } from "../../../examples/chess/games.ts";
import { Sessions } from "../../../examples/chess/sessions.ts";

let bus: FakeBus<Club>;
let games: Games;
let club: ChessClub;
beforeEach(async () => {
  const db = new Database(":memory:");
  bus = fakeBus<Club>({ retention });
  games = new Games(db);
  club = new ChessClub(bus, new Sessions(db), games);
  for (const name of ["Ann", "Ben", "Cleo"]) await club.join(name);
});
afterEach(() => bus.close());

describe("the club, without a server", () => {
  it("tells all who has joined, and what is said in the room", async () => {
    bus.expectSent("members", { name: "Ann" }, { times: 1 });
    const said = await club.say("Ann", "  good evening ");
    bus.expectSent("room", { from: "Ann", text: "good evening" });
    expect(said.id).toBe(bus.sent.last?.id);
  });

  it("tells a whisper to its receiver and to its sender's other tabs alone", async () => {
    await club.whisper("Ann", "Ben", "a game?");
    bus.expectSent(["whisper", "Ben"], { from: "Ann", text: "a game?" });
    bus.expectSent(["said", "Ann"], { to: "Ben" });
    bus.expectNotSent("room");
    bus.expectNotSent(["whisper", "Cleo"]);
    await expect(club.whisper("Ann", "Dora", "hello?")).rejects.toThrow();
  });

  it("tells a move to the other player and to those who watch, and not to the one who made it", async () => {
    const { id } = await club.challenge("Ann", "Ben");
    await club.reply("Ben", id, "playing");
    const before = bus.sent.count;
    await club.move("Ann", id, { from: "e2", to: "e4" });
    expect(bus.sent.slice(before).map(({ channel }) => channel)).toEqual([["player", "Ben"], `game:${id}`]);
    bus.expectSent(["player", "Ben"], ({ moves }) => moves.join() === "e4", { times: 1 });
    bus.expectOrder([["player", "Ben"], `game:${id}`]);
  });

  it("sends nothing of what it refuses", async () => {
    const { id } = await club.challenge("Ann", "Ben");
    await club.reply("Ben", id, "playing");
    const before = bus.sent.count;
    await expect(club.move("Ann", id, { from: "e2", to: "e5" })).rejects.toThrow("not a legal move");
    await expect(club.move("Ben", id, { from: "e7", to: "e5" })).rejects.toThrow();
    await expect(club.say("Ann", " ")).rejects.toThrow();
    expect(bus.sent.count).toBe(before);
  });

  it("tells later of a move that was kept and could not be sent", async () => {
    const { id } = await club.challenge("Ann", "Ben");
    await club.reply("Ben", id, "playing");
    bus.fail(["player", "Ben"], new Error("disk full"));
    await expect(club.move("Ann", id, { from: "e2", to: "e4" })).rejects.toThrow("disk full");
    expect(games.get(id).moves).toEqual(["e4"]);
    bus.heal();
    await club.resume();
    bus.expectSent(["player", "Ben"], { moves: ["e4"] }, { times: 1 });
  });

  it("forgets what was said after a month", async () => {
    await club.say("Ann", "good evening");
    const { last } = await club.state("Ann");
    await bus.advance(29 * 24 * 3_600_000);
    expect((await club.state("Ann")).lines).toHaveLength(1);
    await bus.advance(2 * 24 * 3_600_000);
    expect((await club.state("Ann")).lines).toHaveLength(0);
    expect((await bus.poll(["room"], last - 1, 0)).missed).toBe(true);
  });
});
