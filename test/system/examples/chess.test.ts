import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Game } from "../../../examples/chess/channels.ts";
import type { Said } from "../../../examples/chess/club.ts";
import { type Heard, Person } from "./chess-person.ts";
import { address, start, stop, tell } from "./chess-server.ts";

const folder = mkdtempSync(join(tmpdir(), "nightbus-chess-"));
const DATABASE = join(folder, "chess.db");

describe("the chess club", () => {
  let ann: Person;
  let ben: Person;
  let cleo: Person;
  let game: Game;

  beforeAll(async () => {
    await start(DATABASE);
    ann = await Person.called("Ann");
    ben = await Person.called("  <b>Ben</b>  ");
    cleo = await Person.called("Cleo");
    for (const person of [ann, ben, cleo]) await person.catchesUp();
  });

  afterAll(async () => {
    await stop("SIGKILL");
    rmSync(folder, { recursive: true });
  });

  it("lets nobody in without a session", async () => {
    const stranger = new Person();
    const refused = await stranger.poll(["room"], 0, 0);
    expect(refused.status).toBe(401);
    expect(await refused.json()).toEqual({ error: { code: "refused", message: "Sign in first." } });
    expect(await stranger.tries("say", { text: "hello" })).toEqual([401, "Sign in first."]);
    expect((await fetch(`${address}/api/state`, { headers: { Cookie: "chess_session=guess" } })).status).toBe(401);
  });

  it("gives a name to one person only", async () => {
    expect((await new Person().tries("sign-in", { name: "ANN" }))[0]).toBe(409);
    expect((await new Person().tries("sign-in", { name: " " }))[0]).toBe(400);
    expect((await new Person().tries("sign-in", { name: "x".repeat(25) }))[0]).toBe(400);
  });

  it("takes nothing but JSON", async () => {
    expect((await ann.tries("say", { text: "forged" }, "text/plain"))[0]).toBe(415);
    expect((await ann.tries("say", { text: 5 }))[0]).toBe(400);
    expect((await ann.tries("say", { text: " " }))[0]).toBe(400);
  });

  it("has no route on which a browser sends to the bus by itself", async () => {
    const sent = await fetch(`${address}/longpolling/send`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ entries: [["room", { from: "Ann", text: "forged", at: 0 }]] }),
    });
    expect(sent.status).toBe(404);
  });

  it("brings what is said in the room to a poll that is held", async () => {
    const heard = ben.hears();
    const said = await ann.does<Said>("say", { text: "<script>alert(1)</script> & good evening" });
    const line = { from: "Ann", text: "<script>alert(1)</script> & good evening", at: expect.any(Number) };
    expect(said).toEqual({ id: expect.any(Number), ...line });
    expect(await heard).toEqual([{ id: said.id, channel: "room", message: line }]);
  });

  it("leaves HTML in names and words as it is: text", async () => {
    const poll = await ben.poll(["room"], 0, 0);
    expect(poll.headers.get("content-type")).toMatch(/^application\/json/);
    expect(poll.headers.get("x-content-type-options")).toBe("nosniff");
    const state = await ann.state();
    expect(state.members).toEqual(["<b>Ben</b>", "Ann", "Cleo"]);
    expect(state.lines.map(({ text }) => text)).toEqual(["<script>alert(1)</script> & good evening"]);
    const page = await fetch(`${address}/`);
    expect(page.headers.get("content-security-policy")).toContain("default-src 'self'");
  });

  it("brings what is whispered to its receiver alone", async () => {
    for (const person of [ann, cleo]) await person.catchesUp();
    const heard = ben.hears();
    const { id } = await ann.does<Said>("whisper", { to: ben.name, text: "a game?" });
    const message = { from: "Ann", to: "<b>Ben</b>", text: "a game?", at: expect.any(Number) };
    expect(await heard).toEqual([{ id: id - 1, channel: ["whisper", "<b>Ben</b>"], message }]);
    // Not one who asks for it by all the names it could have; and the sender in the other tabs, as said by her.
    const names = ["room", "whisper", "said", '["whisper","<b>Ben</b>"]', "whisper,<b>Ben</b>"];
    expect(await cleo.hears(names, 0)).toEqual([]);
    expect(await ann.hears(names, 0)).toEqual([{ id, channel: ["said", "Ann"], message }]);
    // Both find it in their history.
    expect((await ann.state()).lines.at(-1)).toMatchObject(message);
    expect((await ben.state()).lines.at(-1)).toMatchObject(message);
    expect(JSON.stringify(await cleo.state())).not.toContain("a game?");
    expect((await ann.tries("whisper", { to: "Nobody", text: "hm" }))[0]).toBe(404);
  });

  it("lets two begin a game, and tells all that there is one", async () => {
    game = await ann.does<Game>("games", { to: ben.name });
    expect(await ben.hears()).toMatchObject([{ channel: ["player", "<b>Ben</b>"], message: { status: "offered" } }]);
    expect((await ann.tries("games", { to: ben.name }))[0]).toBe(409);
    expect((await cleo.tries(`games/${game.id}/accept`))[0]).toBe(403);
    expect((await ann.tries(`games/${game.id}/move`, { from: "e2", to: "e4" }))[0]).toBe(409);
    await ben.does<Game>(`games/${game.id}/accept`);
    expect(await ann.hears(["room"])).toMatchObject([{ channel: ["player", "Ann"], message: { status: "playing" } }]);
    expect(await cleo.hears(["games"])).toMatchObject([{ channel: "games", message: { id: game.id, white: "Ann" } }]);
    await ben.catchesUp();
  });

  it("brings a move to the other player and to those who watch, and not back to who made it", async () => {
    const watched = [cleo.hears([`game:${game.id}`]), ben.hears()];
    await ann.does<Game>(`games/${game.id}/move`, { from: "e2", to: "e4" });
    const [watcher, player] = await Promise.all(watched);
    const message = { id: game.id, moves: ["e4"], status: "playing" };
    expect(watcher).toMatchObject([{ channel: `game:${game.id}`, message }]);
    expect(player).toMatchObject([{ channel: ["player", "<b>Ben</b>"], message }]);
    expect(await ann.hears(["room", "games"], 0)).toEqual([]);
  });

  it("refuses what the rules do not allow, and tells nobody of it", async () => {
    const move = `games/${game.id}/move`;
    expect(await ben.tries(move, { from: "e7", to: "e4" })).toEqual([422, "e7 to e4 is not a legal move here."]);
    expect(await ann.tries(move, { from: "d2", to: "d4" })).toEqual([409, "It is <b>Ben</b>'s turn."]);
    expect(await cleo.tries(move, { from: "e7", to: "e5" })).toEqual([403, "Only its two players can move in a game."]);
    expect((await cleo.tries(`games/${game.id}/resign`))[0]).toBe(403);
    expect((await ben.tries(move, { from: "e9", to: "e5" }))[0]).toBe(400);
    expect((await ben.tries("games/999/move", { from: "e7", to: "e5" }))[0]).toBe(404);
    for (const person of [ann, ben, cleo]) expect(await person.hears([`game:${game.id}`], 0)).toEqual([]);
  });

  it("loses nothing to kill -9: history and game are there, and who was away gets exactly what it lacked", async () => {
    await ben.does<Game>(`games/${game.id}/move`, { from: "e7", to: "e5" });
    await cleo.does<Said>("say", { text: "while Ann was away" });
    const before = await ann.state();
    await stop("SIGKILL");
    await start(DATABASE);
    const { last, ...after } = await ann.state();
    expect(after).toEqual({ ...before, last: undefined });
    expect(last, "presence has asked who is there").toBeGreaterThanOrEqual(before.last);
    expect(before.games).toMatchObject([{ id: game.id, status: "playing", moves: ["e4", "e5"] }]);
    expect(before.lines.map(({ text }) => text)).toContain("while Ann was away");
    expect(await ann.hears()).toMatchObject([
      { channel: ["player", "Ann"], message: { moves: ["e4", "e5"] } },
      { channel: "room", message: { text: "while Ann was away" } },
    ]);
    expect(await ann.hears(["room"], 0)).toEqual([]);
    // And it goes on.
    const next = ann.hears();
    const { id } = await ben.does<Said>("say", { text: "there we are again" });
    expect(await next).toMatchObject([{ id, message: { text: "there we are again" } }]);
    await ann.does<Game>(`games/${game.id}/move`, { from: "g1", to: "f3" });
  });

  it("tells at the next start what a crash kept from being told", async () => {
    for (const person of [ann, ben, cleo]) await person.catchesUp();
    await stop("SIGKILL");
    // As if the process had ended between a change of the game's row and its notifications.
    const db = new Database(DATABASE);
    db.prepare("update games set version = version + 1 where id = ?").run(game.id);
    db.close();
    await start(DATABASE);
    const message = { moves: ["e4", "e5", "Nf3"] };
    expect(await ben.hears()).toMatchObject([{ channel: ["player", "<b>Ben</b>"], message }]);
    expect(await cleo.hears([`game:${game.id}`])).toMatchObject([{ channel: `game:${game.id}`, message }]);
    await ann.catchesUp();
  });

  it("ends a game by checkmate", async () => {
    const second = await cleo.does<Game>("games", { to: "Ann" });
    await ann.does<Game>(`games/${second.id}/accept`);
    const moves = ["f2f3", "e7e5", "g2g4", "d8h4"];
    let latest = second;
    for (const [at, move] of moves.entries()) {
      const [from, to] = [move.slice(0, 2), move.slice(2)];
      latest = await (at % 2 === 0 ? cleo : ann).does<Game>(`games/${second.id}/move`, { from, to });
    }
    expect(latest).toMatchObject({ status: "over", result: "Ann won by checkmate", moves: ["f3", "e5", "g4", "Qh4#"] });
    expect((await cleo.tries(`games/${second.id}/move`, { from: "a2", to: "a3" }))[0]).toBe(409);
  });

  it("counts a win once in the table of wins, also over kill -9", async () => {
    const table = [{ name: "Ann", wins: 1 }];
    // A killed process holds the name for the rest of its lease.
    await expect.poll(async () => (await cleo.state()).wins, { timeout: 20_000 }).toEqual(table);
    await cleo.catchesUp();
    await stop("SIGKILL");
    await start(DATABASE);
    const third = await cleo.does<Game>("games", { to: "Ann" });
    await ann.does<Game>(`games/${third.id}/accept`);
    await cleo.does<Game>(`games/${third.id}/resign`);
    await expect.poll(async () => (await ann.state()).wins, { timeout: 20_000 }).toEqual([{ name: "Ann", wins: 2 }]);
    const { notifications } = (await (await cleo.poll(["wins"], cleo.last, 0)).json()) as { notifications: Heard[] };
    const told = notifications.filter(({ channel }) => channel === "wins").map(({ message }) => message);
    expect(told).toEqual([[{ name: "Ann", wins: 2 }]]);
  });

  it("answers the polls that it holds when it is told to end, and ends", async () => {
    await ben.catchesUp();
    const held = ben.poll(["room"], ben.last, 20_000);
    // Nothing shows from outside that a poll is held. Three answers on another connection leave it time enough.
    for (let turn = 0; turn < 3; turn += 1) await ann.state();
    expect(await stop("SIGTERM")).toBe(0);
    expect(await (await held).json()).toMatchObject({ notifications: [], missed: false });
  });

  it("ends in good order also when it is told twice", async () => {
    await start(DATABASE);
    await ben.catchesUp();
    const held = ben.poll(["room"], ben.last, 20_000);
    for (let turn = 0; turn < 3; turn += 1) await ann.state();
    // Somebody is in the middle of a request, so that it cannot end at once.
    const slow = connect(Number(new URL(address).port), new URL(address).hostname).on("error", () => {});
    await once(slow, "connect");
    slow.write("GET / HTTP/1.1\r\n");
    for (let turn = 0; turn < 3; turn += 1) await ann.state();
    tell("SIGTERM");
    await (await held).json();
    expect(await stop("SIGTERM")).toBe(0);
  });
});
