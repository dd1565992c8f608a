import { type Bus, BusError, type Entry } from "nightbus";
import { type Club, type Game, type Line, MAX_TEXT, type Win } from "./channels.ts";
import type { Games, Move } from "./games.ts";
import { Refused } from "./refused.ts";
import type { Sessions } from "./sessions.ts";
import type { Wins } from "./wins.ts";

/** A line as pages show it: ids order it, and tell whether it is there already. */
export type Said = Line & { readonly id: number };

/** The content of a page at its opening, with the `last` to poll from. */
export interface State {
  readonly me: string;
  readonly last: number;
  readonly members: readonly string[];
  readonly games: readonly Game[];
  readonly lines: readonly Said[];
  readonly wins: readonly Win[];
}

/** The actions of a member, with their listeners. The bus alone keeps what was said; games have their own table. */
export class ChessClub {
  readonly #bus: Bus<Club>;
  readonly #sessions: Sessions;
  readonly #games: Games;
  readonly #wins: Wins;

  constructor(bus: Bus<Club>, sessions: Sessions, games: Games, wins: Wins) {
    this.#bus = bus;
    this.#sessions = sessions;
    this.#games = games;
    this.#wins = wins;
  }

  /** Sends what a crash kept from being sent. */
  async resume(): Promise<void> {
    for (const game of this.#games.untold()) await this.#tell(game);
  }

  async state(me: string): Promise<State> {
    // `last` comes first. News that come during the read are then seen twice, and ids and versions tell a page so. In the other order they would be lost.
    const { last } = this.#bus;
    const [room, own] = await Promise.all([
      this.#bus.recent(["room"], 100),
      this.#bus.recent(
        [
          ["whisper", me],
          ["said", me],
        ],
        200,
      ),
    ]);
    const lines = [...room, ...own].map(({ id, message }) => ({ id, ...message }));
    return { me, last, members: this.#sessions.names(), games: this.#games.shownTo(me), lines, wins: this.#wins.top() };
  }

  async join(wanted: string): Promise<{ readonly name: string; readonly token: string }> {
    const { name, token } = this.#sessions.signIn(wanted);
    await this.#bus.sendone("members", { name });
    return { name, token };
  }

  /** One notification for all. Its sender hears it too and knows it by the id that is answered here. */
  async say(me: string, text: string): Promise<Said> {
    const line = { from: me, text: checkText(text), at: Date.now() };
    return { id: await this.#bus.sendone("room", line), ...line };
  }

  async whisper(me: string, to: string, text: string): Promise<Said> {
    this.#sessions.check(to);
    if (to === me) throw new Refused(409, "There is no need to whisper to yourself.");
    const line = { from: me, to, text: checkText(text), at: Date.now() };
    const [, id] = await this.#bus.sendmany([
      [["whisper", to], line],
      [["said", me], line],
    ]);
    return { id: id!, ...line }; // two entries, two ids
  }

  async challenge(me: string, to: string): Promise<Game> {
    this.#sessions.check(to);
    return this.#tell(this.#games.offer(me, to), me);
  }

  async reply(me: string, id: number, status: "playing" | "declined"): Promise<Game> {
    return this.#tell(this.#games.reply(id, me, status), me);
  }

  /** A move with a key is played once, however often a page sends it. */
  async move(me: string, id: number, move: Move, key?: string): Promise<Game> {
    return this.#tell(this.#games.move(id, me, move, key), me);
  }

  async resign(me: string, id: number): Promise<Game> {
    return this.#tell(this.#games.resign(id, me), me);
  }

  /**
   * Sends a game to the players, but not to the sender, who has it as the answer of his request; and to those who watch. The move is in its table already, and the bus commits by itself. A crash may come in between, and `setTold` tells. Each version of a game has a key, so that it is sent once.
   */
  async #tell(game: Game, sender?: string): Promise<Game> {
    const players = [game.white, game.black].filter((name) => name !== sender);
    const entries: Entry<Club>[] = players.map((name) => [["player", name], game]);
    const open = game.status === "playing" || game.status === "over";
    if (open) entries.push([`game:${game.id}`, game]);
    if (open && (game.moves.length === 0 || game.status === "over")) entries.push(["games", game]);
    try {
      await this.#bus.sendmany(entries, { key: `game ${game.id} ${game.version}` });
    } catch (error) {
      // The club told of this version before a crash, when it knew the sender, and so to others.
      if (!(error instanceof BusError && error.code === "bad_key")) throw error;
    }
    this.#games.setTold(game);
    return game;
  }
}

function checkText(text: string): string {
  const checked = text.trim();
  if (checked.length >= 1 && checked.length <= MAX_TEXT) return checked;
  throw new Refused(400, `Say something, in 1 to ${MAX_TEXT} characters.`);
}
