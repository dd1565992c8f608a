import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import express, { type Request } from "express";
import { Bus } from "nightbus";
import { mount } from "nightbus/express";
import { presence } from "nightbus/presence";
import { contract, isOpen, retention } from "./channels.ts";
import { ChessClub } from "./club.ts";
import { Games } from "./games.ts";
import { routes } from "./routes.ts";
import { Sessions } from "./sessions.ts";
import { storeOf } from "./store.ts";
import { keepWins, Wins } from "./wins.ts";

// A chess club: `npm start`, then open the address in two browsers (or one and a private window), since a name is a cookie's.
const PORT = Number(process.env["PORT"] ?? 3000);
const DATABASE = process.env["DATABASE"] ?? fileURLToPath(new URL("chess.db", import.meta.url));

// Members and games are in one file, which two processes of one machine may use; on several it would be a server, too.
const db = new Database(DATABASE);
db.pragma("journal_mode = wal");
db.pragma("synchronous = full");
const bus = new Bus({ channels: contract, store: storeOf(db), retention });
bus.on("error", (error) => console.error(error));
await bus.ready();

const sessions = new Sessions(db);
const games = new Games(db);
const wins = new Wins(db);
const club = new ChessClub(bus, sessions, games, wins);
await club.resume();
keepWins(bus, wins, games); // a failure reaches the bus's error event

// A member is there as long as a page of theirs is open, on any device. All may see who is in the room and at which table.
const here = presence(bus, {
  member: (request: Request) => ({ id: sessions.whoSends(request) }),
  joins: isOpen,
  grace: Number(process.env["GRACE"] ?? 65_000), // a tab that is hidden may be heard once a minute
});

let isStopping = false;

const app = express();
// A request at the end is sent to the next process at once. An open connection would hold the end up.
app.use((_request, response, next) => {
  if (!isStopping) return next();
  response
    .set({ Connection: "close", "Retry-After": "1" })
    .status(503)
    .json({ error: "The club is closed for a moment." });
});
app.use((_request, response, next) => {
  response.set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'; form-action 'self'");
  response.set("X-Content-Type-Options", "nosniff");
  next();
});
app.use(
  "/longpolling",
  mount(bus, {
    presence: here,
    // A browser may ask for any string, for those are public; what is private is added for the one whose session this is. A
    // stranger gets the 401 that `whoSends` throws.
    channels(asked, request) {
      const me = sessions.whoSends(request);
      const members = asked.filter(isOpen).map((name) => ["presence", name] as const);
      return [...asked, ...members, ["player", me], ["whisper", me], ["said", me]];
    },
  }),
);
app.use("/api", routes(club, sessions, games));
// The page uses the same rules to show where a piece can go; what is allowed is decided here. Node gets the package's CommonJS
// build, and the module for browsers lies beside it.
const chessModule = fileURLToPath(new URL("../esm/chess.js", import.meta.resolve("chess.js")));
app.get("/chess.js", (_request, response) => response.sendFile(chessModule));
// In an application of its own this is fileURLToPath(import.meta.resolve("nightbus/client")).
const clientModule = fileURLToPath(new URL("../../dist/client.js", import.meta.url));
app.get("/nightbus.js", (_request, response) => response.sendFile(clientModule));
const presenceModule = fileURLToPath(new URL("../../dist/client-presence.js", import.meta.url));
app.get("/presence.js", (_request, response) => response.sendFile(presenceModule));
app.use(express.static(fileURLToPath(new URL("page", import.meta.url))));

const server = app.listen(PORT, (error) => {
  if (error !== undefined) {
    console.error(`${error.message}. Choose another port with PORT=3001.`);
    process.exit(1);
  }
  console.log(`The chess club is open: http://localhost:${(server.address() as AddressInfo).port}`); // the server listens on a port
});

process.on("SIGTERM", stop);
process.on("SIGINT", stop);
process.once("disconnect", stop); // the process that started it is gone

/** The bus first: it answers the polls that are held, so that the server has nothing left to wait for. Twice is once. */
async function stop(): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  await bus.close();
  server.close(() => {
    db.close();
    process.exit();
  });
  // A browser may keep a connection open that nobody uses any more.
  setTimeout(() => server.closeAllConnections(), 500).unref();
}
