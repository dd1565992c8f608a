import { connect } from "/nightbus.js";
import { presenceOf } from "/presence.js";
import { Board } from "./board.js";
import { $, button, get, make, newKey, post, redraw } from "./parts.js";
import { Talk } from "./talk.js";

let me = "";
let members = new Set();
let games = new Map();
let bus;
let room; // the members who are in the club
let watched; // the channel of the open game
let table; // the members who look at it
const board = new Board($("#board"), (move) => play(`games/${openId()}/move`, move));
const talk = new Talk(say);

const STATUS = {
  connecting: "Connecting",
  live: "Online",
  waiting: "Offline – trying again",
  offline: "Offline",
  closed: "",
};

/** Shows the club as it stands, and from there on follows the bus: in one connection for all tabs of this person. */
async function start() {
  const last = await loadPatiently();
  if (last === undefined) return refused();
  watched = undefined;
  bus = connect("/longpolling", { channels: ["room", "members", "games", "wins"], last, shareTabs: me });
  bus.on("notification", heard);
  bus.on("status", status);
  // Somebody was away for longer than the club remembers, so what is shown may be wrong: it is read anew.
  bus.on("missed", () => {
    notice("You were away for long. This is how things stand now.");
    loadPatiently();
  });
  bus.on("error", (error) => error.status === 401 && refused());
  room = presenceOf(bus, "room", { onChange: drawMembers });
  watch();
  status(bus.status);
}

/** Loads until it works. Resolves with undefined when the session is none. */
async function loadPatiently() {
  for (;;) {
    try {
      const last = await load();
      $("#door").hidden = true;
      return last;
    } catch (error) {
      if (error.status === 401) return undefined;
      status("waiting");
      await new Promise((resolve) => setTimeout(resolve, 1000 + Math.random() * 2000));
    }
  }
}

/** The state of the club, and the `last` that belongs to it. */
async function load() {
  // News that come meanwhile may be newer than the answer, and come again after it.
  const meanwhile = [];
  const off = bus?.on("notification", (notification) => meanwhile.push(notification));
  let state;
  try {
    state = await get("state");
  } finally {
    off?.();
  }
  me = state.me;
  members = new Set(state.members);
  games = new Map(state.games.map((game) => [game.id, game]));
  talk.load(me, state.lines);
  drawWins(state.wins);
  for (const notification of meanwhile) heard(notification);
  await lookAt(openId());
  $("#me").textContent = me;
  $("#hall").hidden = false;
  drawTable();
  drawGames();
  drawMembers();
  return state.last;
}

/** Watches the open game and no other: somebody else's, or one's own that is played in another tab. */
function watch() {
  const channel = games.has(openId()) ? `game:${openId()}` : undefined;
  if (bus === undefined || channel === watched) return;
  const before = table;
  table = channel === undefined ? undefined : presenceOf(bus, channel, { onChange: drawWatchers });
  before?.close();
  watched = channel;
  drawWatchers();
}

function heard({ id, channel, message }) {
  const name = Array.isArray(channel) ? channel[0] : channel;
  if (name === "room" || name === "whisper" || name === "said") return talk.add({ id, ...message });
  if (name === "presence") return; // `presenceOf` keeps these lists
  if (name === "members") return meet(message.name);
  if (name === "wins") return drawWins(message);
  learn(message);
}

function status(now) {
  $("#status").textContent = STATUS[now];
  $("#status").className = now;
}

function refused() {
  bus?.close();
  status("closed");
  $("#hall").hidden = true;
  $("#door").hidden = false;
  $("#name").focus();
}

function meet(name) {
  members.add(name);
  drawMembers();
}

/** Takes over what is known of a game, if it is newer. */
function learn(game) {
  if ((games.get(game.id)?.version ?? 0) >= game.version) return;
  games.set(game.id, game);
  if (game.status === "declined") {
    games.delete(game.id);
    if (game.white === me) notice(`${game.black} would rather not play now.`);
  }
  // A member who waits for an answer, and looks at nothing else, is shown to the table.
  const idle = games.get(openId())?.status !== "playing";
  if (plays(game) && game.status === "playing" && game.moves.length === 0 && idle) return sitDown(game.id);
  if (game.id === openId()) drawTable();
  drawGames();
  drawMembers();
}

function plays(game) {
  return game.white === me || game.black === me;
}

// The table at which one sits is in the address, so that it survives a reload and can be sent to a friend.
function openId() {
  return Number(location.hash.replace("#game-", "")) || 0;
}

function sitDown(id) {
  location.hash = id === 0 ? "" : `game-${id}`;
}

/** Asks how a game stands of which this page hears nothing on its own. */
async function lookAt(id) {
  if (id === 0 || (games.has(id) && plays(games.get(id)))) return;
  try {
    learn(await get(`games/${id}`));
  } catch (error) {
    if (error.status === 404) sitDown(0);
    else throw error;
  }
}

addEventListener("hashchange", async () => {
  drawTable();
  drawGames();
  $("#title").scrollIntoView({ block: "nearest" });
  // The channel first: what is played between the two is then seen twice, and not missed.
  watch();
  try {
    await lookAt(openId());
  } catch {
    loadPatiently();
  }
  watch();
});

/** Does something on the server; says its sentence when it refuses. Resolves with the answer, or undefined. */
async function attempt(path, body) {
  notice("");
  try {
    return await post(path, body);
  } catch (error) {
    if (error.status !== undefined) return notice(error.message);
    notice("The club cannot be reached. It is not known whether that was done.");
    // The bus tells everybody but the sender. If it was done, only loading shows it here.
    loadPatiently();
  }
}

async function act(path, body) {
  const game = await attempt(path, body);
  if (game !== undefined) learn(game);
}

/** Plays a move. An answer may get lost, so the page tries again under the same key, and the club plays the move once. */
async function play(path, move) {
  const key = newKey();
  notice("");
  for (let tries = 1; tries <= 5; tries += 1) {
    try {
      const game = await post(path, move, key);
      notice("");
      return learn(game);
    } catch (error) {
      if (error.status < 500) return notice(error.message);
      notice("The club cannot be reached. Your move is sent again.");
      await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** tries * Math.random()));
    }
  }
  notice("The club cannot be reached. It is not known whether your move was played.");
  loadPatiently();
}

async function say(text, to) {
  const line = await (to === undefined ? attempt("say", { text }) : attempt("whisper", { to, text }));
  if (line !== undefined) talk.add(line);
  return line !== undefined;
}

function notice(sentence) {
  $("#notice").textContent = sentence;
}

$("#notice").addEventListener("click", () => notice(""));
$("#resign").addEventListener("click", () => act(`games/${openId()}/resign`));
$("#leave").addEventListener("click", () => sitDown(0));
$("#sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  if ((await attempt("sign-in", { name: $("#name").value })) !== undefined) start();
});

function drawTable() {
  const game = games.get(openId());
  const side = game?.black === me ? "b" : "w";
  const turn = game !== undefined && game.moves.length % 2 === 1 ? "b" : "w";
  const playing = game?.status === "playing";
  const mine = playing && (turn === "w" ? game.white : game.black) === me;
  const chess = board.show(game?.moves ?? [], side, mine ? turn : undefined);
  const [above, below] = side === "w" ? ["b", "w"] : ["w", "b"];
  for (const [element, color] of [
    [$("#above"), above],
    [$("#below"), below],
  ]) {
    element.textContent = color === "w" ? (game?.white ?? "") : (game?.black ?? "");
    element.className = `player ${color === "w" ? "light" : "dark"} ${playing && color === turn ? "turn" : ""}`;
  }
  $("#title").textContent = titleOf(game, mine, turn, chess);
  document.title = mine ? "Your move – Chess club" : "Chess club";
  $("#table").classList.toggle("empty", game === undefined);
  redraw($("#moves"), movesOf(game?.moves ?? []));
  $("#moves").scrollTop = $("#moves").scrollHeight;
  $("#resign").hidden = !(playing && plays(game));
  $("#leave").hidden = game === undefined || (playing && plays(game));
}

function titleOf(game, mine, turn, chess) {
  if (game === undefined) return "Challenge somebody, or watch a game";
  if (game.status === "offered")
    return game.white === me ? `Waiting for ${game.black}` : `${game.white} challenges you`;
  if (game.status === "over") return game.result;
  const whose = mine ? "Your move" : `${turn === "w" ? game.white : game.black} to move`;
  return chess.inCheck() ? `Check. ${whose}` : whose;
}

function movesOf(moves) {
  const pairs = [];
  for (let at = 0; at < moves.length; at += 2) pairs.push(make("li", {}, moves.slice(at, at + 2).join(" ")));
  return pairs;
}

function drawGames() {
  const sorted = [...games.values()].sort((one, other) => rank(one) - rank(other) || other.id - one.id);
  const items = sorted.map((game) => {
    const who = make("span", { className: "who" }, `${game.white} – ${game.black}`);
    return make("li", { className: game.id === openId() ? "open" : "" }, who, ...choices(game));
  });
  redraw($("#games"), items.length > 0 ? items : [make("li", { className: "quiet" }, "No games yet.")]);
}

/** Returns the actions for a game in the list. */
function choices({ id, status, ...game }) {
  if (status === "offered" && game.white === me) return [make("span", { className: "quiet" }, "waiting")];
  if (status === "offered") {
    return [
      button("Accept", `yes ${id}`, () => act(`games/${id}/accept`), { className: "first" }),
      button("Decline", `no ${id}`, () => act(`games/${id}/decline`)),
    ];
  }
  if (id === openId()) return [];
  return [button(status === "over" ? "Look" : plays(game) ? "Play" : "Watch", `sit ${id}`, () => sitDown(id))];
}

function rank({ status, ...game }) {
  if (status === "over") return 2;
  return plays(game) ? 0 : 1;
}

/** Shows who has won most. The list comes whole, and the newest holds. */
function drawWins(wins) {
  const items = wins.map(({ name, wins: count }) =>
    make("li", {}, make("span", { className: "who" }, name), make("span", { className: "quiet" }, `${count}`)),
  );
  redraw($("#wins"), items.length > 0 ? items : [make("li", { className: "quiet" }, "Nobody has won yet.")]);
}

/** Says who looks on, beside the two who play. */
function drawWatchers() {
  const game = games.get(openId());
  const names = (table?.members ?? [])
    .map(({ id }) => id)
    .filter((name) => name !== game?.white && name !== game?.black);
  $("#watchers").textContent = names.length === 0 ? "" : `Watching: ${names.sort().join(", ")}`;
}

/** Returns the word that stands beside a member. */
function statusOf(name) {
  const member = room?.members.find(({ id }) => id === name);
  if (member === undefined) return "offline";
  if (member.status === "away") return "away";
  const plays = [...games.values()].some(
    (game) => game.status === "playing" && (game.white === name || game.black === name),
  );
  return plays ? "playing" : "online";
}

function drawMembers() {
  const others = [...members].filter((name) => name !== me).sort((one, other) => one.localeCompare(other));
  const items = others.map((name) =>
    make(
      "li",
      {},
      make("span", { className: "who" }, name, make("span", { className: `there ${statusOf(name)}` }, statusOf(name))),
      button("Talk", `talk ${name}`, () => {
        talk.open(name);
        $("#text").focus();
      }),
      button("Challenge", `play ${name}`, () => act("games", { to: name })),
    ),
  );
  redraw($("#members"), items.length > 0 ? items : [make("li", { className: "quiet" }, "You are the first.")]);
}

start();
