import type { Retention } from "nightbus";
import { z } from "zod";

/** The most characters of a message. */
export const MAX_TEXT = 500;

const name = z.string().min(1);

const line = z
  .object({ from: name, to: name.optional(), text: z.string().min(1).max(MAX_TEXT), at: z.number() })
  .readonly();

const game = z
  .object({
    id: z.number().int(),
    white: name,
    black: name,
    status: z.enum(["offered", "declined", "playing", "over"]),
    moves: z.array(z.string()).readonly(),
    result: z.string(),
    version: z.number().int(),
  })
  .readonly();

const win = z.object({ name, wins: z.number().int() }).readonly();

/** A member of the table of wins. */
export type Win = z.infer<typeof win>;

/** A message, in the room or (with `to`) in private. */
export type Line = z.infer<typeof line>;

/**
 * A whole game, so that one who hears of it needs nothing else, and one who hears it twice takes no harm. `moves` has the
 * notation of tournaments, such as `["e4", "e5", "Nf3"]`. `result` is the end of the game as a sentence, empty until then.
 * `version` grows with each change: a page ignores what is older than what it shows.
 */
export type Game = z.infer<typeof game>;

/**
 * The club's channels and what they carry. The bus checks each message by its schema. The strings are public. Private channels are tuples that end with a name, as in `["whisper", "Ann"]`. No browser can ask for a tuple, so the server adds those of the member who is signed in.
 */
export const contract = {
  /** The news for all members. */
  room: line,
  /** A member has joined. */
  members: z.object({ name }).readonly(),
  /** A game has begun or ended: what there is to watch. */
  games: game,
  /** The table of wins, the best first. */
  wins: z.array(win).readonly(),
  /** `["player", name]`: what the others do in this person's games. */
  player: game,
  /** `["whisper", name]`: what is said to this person in private. */
  whisper: line,
  /** `["said", name]`: what this person said in private: the own half of a talk, for a page that loads and for other tabs. */
  said: line,
  /**
   * `game:7`: each move of one game. Watching a game is polling this channel. No set of watchers has to be kept, cleaned up or restored, and a move is one notification for any number of watchers. Games are no secret here.
   */
  "*": game,
};

/** The club's channels, by which its bus and its clients are typed. */
export type Club = typeof contract;

/** Returns true for the channels whose members all may see: the room, and the tables at which one plays or watches. */
export function isOpen(channel: unknown): channel is string {
  return channel === "room" || (typeof channel === "string" && channel.startsWith("game:"));
}

const DAY = 24 * 60 * 60 * 1000;

/** Talk stays for a month. A page that was away for longer, or for more than this, is told `missed` and loads anew. */
export const retention: Retention = { age: 30 * DAY, count: 500 };
