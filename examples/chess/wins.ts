import type { Database, Statement } from "better-sqlite3";
import type { Bus, Consumer } from "nightbus";
import type { Club, Game, Win } from "./channels.ts";
import { type Games, winnerOf } from "./games.ts";
import { isShared } from "./store.ts";

/** The table of wins. A game counts once, however often it is noted. */
export class Wins {
  readonly #add: Statement<[game: number, winner: string]>;
  readonly #top: Statement<[], Win>;

  constructor(db: Database) {
    db.exec("create table if not exists wins (game integer primary key, winner text not null)");
    this.#add = db.prepare("insert or ignore into wins values (?, ?)");
    this.#top = db.prepare(
      "select winner as name, count(*) as wins from wins group by winner order by wins desc, name limit 10",
    );
  }

  /** Notes a game. Returns true if it is a win that was not noted before. */
  note(game: Game): boolean {
    const winner = winnerOf(game);
    return winner !== undefined && this.#add.run(game.id, winner).changes > 0;
  }

  /** The ten members with the most wins. */
  top(): readonly Win[] {
    return this.#top.all();
  }
}

/**
 * Keeps the table by a consumer. In the club's own file, a win and the consumer's position are one transaction. A shared
 * store has no transaction with that file: there a crash may repeat a game, which counts once all the same.
 */
export function keepWins(bus: Bus<Club>, wins: Wins, games: Games): Consumer {
  const options = {
    from: "start" as const,
    lease: Number(process.env["LEASE"] ?? 10_000), // after a crash the table waits for so long
    onMissed() {
      for (const game of games.over()) wins.note(game); // the club was closed for a month
    },
  };
  if (isShared) {
    const handle = async ({ message }: { readonly message: Game }): Promise<void> => {
      wins.note(message);
      await bus.sendone("wins", wins.top());
    };
    return bus.consume("wins", ["games"], handle, options);
  }
  return bus.consume(
    "wins",
    ["games"],
    ({ message }, { tx }) => {
      if (wins.note(message)) bus.sendwithin(tx, [["wins", wins.top()]]);
    },
    { ...options, transaction: true },
  );
}
