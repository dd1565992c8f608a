import express, { type ErrorRequestHandler, type Request, type RequestHandler, Router } from "express";
import type { ChessClub } from "./club.ts";
import type { Games, Move } from "./games.ts";
import { Refused } from "./refused.ts";
import type { Sessions } from "./sessions.ts";

const YEAR = 365 * 24 * 60 * 60 * 1000;

/** The application's own routes. All that is sent comes in through these, is checked, and only then goes to the bus. */
export function routes(club: ChessClub, sessions: Sessions, games: Games): Router {
  const router = Router();
  router.use(onlyJson, express.json({ limit: "16kb" }));

  router.post("/sign-in", async (request, response) => {
    const { name, token } = await club.join(text(request, "name"));
    response.cookie(sessions.cookie, token, {
      httpOnly: true,
      sameSite: "lax",
      secure: request.secure,
      maxAge: YEAR,
    });
    response.json({ me: name });
  });
  router.get("/state", async (request, response) => {
    response.set("Cache-Control", "no-store").json(await club.state(sessions.whoSends(request)));
  });
  router.post("/say", async (request, response) => {
    response.json(await club.say(sessions.whoSends(request), text(request, "text")));
  });
  router.post("/whisper", async (request, response) => {
    response.json(await club.whisper(sessions.whoSends(request), text(request, "to"), text(request, "text")));
  });
  router.post("/games", async (request, response) => {
    response.json(await club.challenge(sessions.whoSends(request), text(request, "to")));
  });
  router.get("/games/:id", (request, response) => {
    sessions.whoSends(request);
    response.set("Cache-Control", "no-store").json(games.get(id(request)));
  });
  router.post("/games/:id/accept", async (request, response) => {
    response.json(await club.reply(sessions.whoSends(request), id(request), "playing"));
  });
  router.post("/games/:id/decline", async (request, response) => {
    response.json(await club.reply(sessions.whoSends(request), id(request), "declined"));
  });
  router.post("/games/:id/move", async (request, response) => {
    response.json(await club.move(sessions.whoSends(request), id(request), move(request), key(request)));
  });
  router.post("/games/:id/resign", async (request, response) => {
    response.json(await club.resign(sessions.whoSends(request), id(request)));
  });

  router.use((_request, response) => void response.status(404).json({ error: "There is no such route." }));
  router.use(sayWhy);
  return router;
}

// A page of another site can post a form with our cookie, but no JSON. The browser would first ask
// this server for that, and gets no answer.
const onlyJson: RequestHandler = (request, _response, next) => {
  if (request.method !== "GET" && !request.is("application/json")) throw new Refused(415, "Send application/json.");
  next();
};

const sayWhy: ErrorRequestHandler = (error: unknown, _request, response, _next) => {
  const { status, message } = Object(error) as { status?: unknown; message?: unknown };
  if (typeof status === "number" && status >= 400 && status < 500)
    return void response.status(status).json({ error: message });
  console.error(error);
  response.status(500).json({ error: "That did not work. Try again." });
};

function text(request: Request, name: string): string {
  const value: unknown = Object(request.body)[name];
  if (typeof value === "string") return value;
  throw new Refused(400, `"${name}" must be a text.`);
}

function id(request: Request): number {
  return Number(request.params["id"]); // text that is no number is the id of no game
}

/** The key of a move, as pages send it; undefined without one. */
function key(request: Request): string | undefined {
  const value = request.get("Idempotency-Key");
  if (value === undefined || /^[!-~]{1,64}$/.test(value)) return value;
  throw new Refused(400, "A key has 1 to 64 characters of ASCII.");
}

function move(request: Request): Move {
  const { from, to, promotion } = Object(request.body) as Record<string, unknown>;
  if (!isSquare(from) || !isSquare(to)) throw new Refused(400, '"from" and "to" must be squares, such as "e4".');
  if (promotion === undefined) return { from, to };
  if (promotion === "q" || promotion === "r" || promotion === "b" || promotion === "n") return { from, to, promotion };
  throw new Refused(400, '"promotion" must be "q", "r", "b" or "n".');
}

function isSquare(value: unknown): value is string {
  return typeof value === "string" && /^[a-h][1-8]$/.test(value);
}
