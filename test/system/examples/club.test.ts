import Database from "better-sqlite3";
import { type FakeBus, fakeBus } from "nightbus/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Club, contract, retention } from "../../../examples/chess/channels.ts";
import { ChessClub } from "../../../examples/chess/club.ts";
import { Games } from "../../../examples/chess/games.ts";
import { Sessions } from "../../../examples/chess/sessions.ts";
import { keepWins, Wins } from "../../../examples/chess/wins.ts";

let bus: FakeBus<Club>;
let games: Games;
let wins: Wins;
let club: ChessClub;
beforeEach(async () => {
  const db = new Database(":memory:");
  bus = fakeBus({ channels: contract, retention, tx: db });
  games = new Games(db);
  wins = new Wins(db);
  club = new ChessClub(bus, new Sessions(db), games, wins);
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

  it("plays a move once that a page sends again under its key, also after the other player's", async () => {
    const { id } = await club.challenge("Ann", "Ben");
    await club.reply("Ben", id, "playing");
    const first = await club.move("Ann", id, { from: "e2", to: "e4" }, "one");
    const before = bus.sent.count;
    expect(await club.move("Ann", id, { from: "e2", to: "e4" }, "one")).toEqual(first);
    expect(bus.sent.count).toBe(before);
    await club.move("Ben", id, { from: "e7", to: "e5" }, "one");
    expect((await club.move("Ann", id, { from: "e2", to: "e4" }, "one")).moves).toEqual(["e4", "e5"]);
    await expect(club.move("Ann", id, { from: "e2", to: "e4" }, "two")).rejects.toThrow("not a legal move");
    expect(bus.sent.filter(({ channel }) => channel === `game:${id}`)).toHaveLength(3);
  });

  it("sends a version of a game once, also if it was told before a crash", async () => {
    const { id } = await club.challenge("Ann", "Ben");
    await club.reply("Ben", id, "playing");
    const setTold = games.setTold.bind(games);
    games.setTold = () => {}; // the crash comes between the send and this note
    await club.move("Ann", id, { from: "e2", to: "e4" });
    games.setTold = setTold;
    const before = bus.sent.count;
    await club.resume();
    expect(bus.sent.count).toBe(before);
    expect(games.untold()).toEqual([]);
  });

  it("counts each win once, by a consumer that goes on where it stood", async () => {
    const first = keepWins(bus, wins, games);
    for (const loser of ["Ann", "Ben", "Ben"]) {
      const { id } = await club.challenge("Ann", "Ben");
      await club.reply("Ben", id, "playing");
      await club.resign(loser, id);
    }
    const table = [
      { name: "Ann", wins: 2 },
      { name: "Ben", wins: 1 },
    ];
    await vi.waitFor(() => expect(wins.top()).toEqual(table));
    bus.expectSent("wins", [{ name: "Ben", wins: 1 }], { times: 1 });
    bus.expectSent("wins", table, { times: 1 });
    await first.close();
    const before = bus.sent.count;
    const second = keepWins(bus, wins, games);
    await vi.waitFor(() => expect(second.isActive).toBe(true));
    await bus.advance(1_000);
    expect([bus.sent.count, wins.top()]).toEqual([before, table]);
  });

  it("has a contract that no wrong message passes", async () => {
    await expect(bus.sendone("room", { from: "Ann", text: "", at: 1 })).rejects.toThrow(/schema of "room" at text/);
    await expect(bus.sendone("members", { name: 7 } as never)).rejects.toThrow(/schema of "members" at name/);
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
