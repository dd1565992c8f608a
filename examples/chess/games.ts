import type { Database, Statement } from "better-sqlite3";
import { Chess } from "chess.js";
import type { Game } from "./channels.ts";
import { Refused } from "./refused.ts";

/** A move as a page sends it. */
export interface Move {
  readonly from: string;
  readonly to: string;
  readonly promotion?: "q" | "r" | "b" | "n";
}

/** A game as a row: its moves in one text. */
type Row = Omit<Game, "moves"> & { readonly moves: string };

/**
 * The games and what is allowed in them. A game is kept as its moves, so that chess.js also sees a position's third
 * repetition. Another process may use the same file: a change is one statement, and finds nothing when the game has moved on since
 * it was checked.
 */
export class Games {
  readonly #byId: Statement<[id: number], Row>;
  readonly #shown: Statement<[name: string, name: string], Row>;
  readonly #untold: Statement<[], Row>;
  readonly #over: Statement<[], Row>;
  readonly #add: Statement<{ white: string; black: string }, Row>;
  readonly #update: Statement<{ id: number; version: number; status: string; moves: string; result: string }, Row>;
  readonly #setTold: Statement<{ id: number; version: number }>;
  readonly #moved: Statement<[game: number, member: string], string>;
  readonly #setMoved: Statement<[game: number, member: string, key: string]>;
  readonly #once: (work: () => Game) => Game;

  constructor(db: Database) {
    db.exec(`
      create table if not exists games (
        id integer primary key, white text not null, black text not null, status text not null,
        moves text not null default '', result text not null default '',
        version integer not null default 1, told integer not null default 0
      );
      create table if not exists last_moves (
        game integer, member text, key text not null, primary key (game, member)
      ) without rowid;
    `);
    const columns = "id, white, black, status, moves, result, version";
    this.#byId = db.prepare(`select ${columns} from games where id = ?`);
    this.#shown = db.prepare(`
      select ${columns} from games where status = 'playing' or (status = 'offered' and (white = ? or black = ?))
      union all select * from (select ${columns} from games where status = 'over' order by id desc limit 20)
    `);
    this.#untold = db.prepare(`select ${columns} from games where told < version`);
    this.#over = db.prepare(`select ${columns} from games where status = 'over'`);
    this.#add = db.prepare(`
      insert into games (white, black, status) select @white, @black, 'offered' where not exists (
        select 1 from games where status in ('offered', 'playing')
        and (white = @white and black = @black or white = @black and black = @white)
      ) returning ${columns}
    `);
    this.#update = db.prepare(`
      update games set status = @status, moves = @moves, result = @result, version = version + 1
      where id = @id and version = @version returning ${columns}
    `);
    this.#setTold = db.prepare("update games set told = @version where id = @id and told < @version");
    this.#moved = db
      .prepare<[number, string], string>("select key from last_moves where game = ? and member = ?")
      .pluck();
    this.#setMoved = db.prepare("insert or replace into last_moves values (?, ?, ?)");
    this.#once = (work) => db.transaction(work).immediate();
  }

  /** The game of this id. Throws Refused 404. */
  get(id: number): Game {
    const row = this.#byId.get(id);
    if (row === undefined) throw new Refused(404, "There is no such game.");
    return gameOf(row);
  }

  /** The games that this member's page begins with: all that are played, the newest that are over, the own offers. */
  shownTo(name: string): readonly Game[] {
    return this.#shown.all(name, name).map(gameOf);
  }

  /** Changes that were written but of which it is not known that they were sent. */
  untold(): readonly Game[] {
    return this.#untold.all().map(gameOf);
  }

  /** All games that are over. */
  over(): readonly Game[] {
    return this.#over.all().map(gameOf);
  }

  /** Notes that everybody has been told of this version. */
  setTold({ id, version }: Game): void {
    this.#setTold.run({ id, version });
  }

  /** The challenger plays white. */
  offer(white: string, black: string): Game {
    if (white === black) throw new Refused(409, "Nobody plays alone here.");
    const row = this.#add.get({ white, black });
    if (row === undefined) throw new Refused(409, `There is a game between you and ${black} already.`);
    return gameOf(row);
  }

  reply(id: number, by: string, status: "playing" | "declined"): Game {
    const game = this.get(id);
    if (by !== game.black) throw new Refused(403, "Only the one who was challenged can reply.");
    if (game.status !== "offered") throw new Refused(409, "This challenge has been replied to already.");
    return this.#save({ ...game, status });
  }

  /**
   * Plays a move. A page that got no answer sends its move again under the same key, and finds it played. A member has one
   * move at a time, so one key for each is enough.
   */
  move(id: number, by: string, move: Move, key?: string): Game {
    return this.#once(() => {
      if (key !== undefined && this.#moved.get(id, by) === key) return this.get(id);
      const game = this.#play(id, by, move);
      if (key !== undefined) this.#setMoved.run(id, by, key);
      return game;
    });
  }

  #play(id: number, by: string, move: Move): Game {
    const game = this.#played(id, by);
    const chess = new Chess();
    for (const earlier of game.moves) chess.move(earlier);
    const mover = chess.turn() === "w" ? game.white : game.black;
    if (by !== mover) throw new Refused(409, `It is ${mover}'s turn.`);
    try {
      chess.move({ ...move });
    } catch {
      throw new Refused(422, `${move.from} to ${move.to} is not a legal move here.`);
    }
    const status = chess.isGameOver() ? "over" : "playing";
    return this.#save({ ...game, status, moves: chess.history(), result: resultOf(chess, by) });
  }

  resign(id: number, by: string): Game {
    const game = this.#played(id, by);
    return this.#save({ ...game, status: "over", result: `${by} resigned` });
  }

  #played(id: number, by: string): Game {
    const game = this.get(id);
    if (by !== game.white && by !== game.black) throw new Refused(403, "Only its two players can move in a game.");
    if (game.status !== "playing") throw new Refused(409, "This game is not being played.");
    return game;
  }

  #save({ id, version, status, moves, result }: Game): Game {
    const row = this.#update.get({ id, version, status, moves: moves.join(" "), result });
    if (row === undefined) throw new Refused(409, "Something else has just happened in this game.");
    return gameOf(row);
  }
}

/** Returns the winner of a game; undefined for a draw, and while the game goes on. */
export function winnerOf({ white, black, moves, result }: Game): string | undefined {
  if (result === `${white} resigned`) return black;
  if (result === `${black} resigned`) return white;
  if (!result.endsWith(" won by checkmate")) return undefined;
  return moves.length % 2 === 1 ? white : black;
}

function gameOf(row: Row): Game {
  return { ...row, moves: row.moves === "" ? [] : row.moves.split(" ") };
}

function resultOf(chess: Chess, mover: string): string {
  if (chess.isCheckmate()) return `${mover} won by checkmate`;
  if (chess.isStalemate()) return "Draw by stalemate";
  if (chess.isInsufficientMaterial()) return "Draw: nobody can win any more";
  if (chess.isThreefoldRepetition()) return "Draw by threefold repetition";
  return chess.isDraw() ? "Draw by the fifty-move rule" : "";
}
