import type { Retention } from "nightbus";
import type { PresenceChannels } from "nightbus/presence";

/** A message, in the room or (with `to`) in private. */
export interface Line {
  readonly from: string;
  readonly to?: string;
  readonly text: string;
  readonly at: number;
}

/** A whole game, so that one who hears of it needs nothing else, and one who hears it twice takes no harm. */
export interface Game {
  readonly id: number;
  readonly white: string;
  readonly black: string;
  readonly status: "offered" | "declined" | "playing" | "over";
  /** In the notation of tournaments: `["e4", "e5", "Nf3"]`. */
  readonly moves: readonly string[];
  /** The end of the game as a sentence; empty until then. */
  readonly result: string;
  /** Grows with each change: a page ignores what is older than what it shows. */
  readonly version: number;
}

/**
 * The club's channels and what they carry. The strings are public. Private channels are tuples that end with a name, as in `["whisper", "Ann"]`. No browser can ask for a tuple, so the server adds those of the member who is signed in.
 */
export interface Club extends PresenceChannels {
  /** The news for all members. */
  room: Line;
  /** A member has joined. */
  members: { readonly name: string };
  /** A game has begun or ended: what there is to watch. */
  games: Game;
  /**
   * Each move of one game. Watching a game is polling this channel. No set of watchers has to be kept, cleaned up or restored, and a move is one notification for any number of watchers. Games are no secret here.
   */
  [game: `game:${number}`]: Game;
  /** `["player", name]`: what the others do in this person's games. */
  player: Game;
  /** `["whisper", name]`: what is said to this person in private. */
  whisper: Line;
  /** `["said", name]`: what this person said in private: the own half of a talk, for a page that loads and for other tabs. */
  said: Line;
}

/** Returns true for the channels whose members all may see: the room, and the tables at which one plays or watches. */
export function isOpen(channel: unknown): channel is string {
  return channel === "room" || (typeof channel === "string" && channel.startsWith("game:"));
}

const DAY = 24 * 60 * 60 * 1000;

/** Talk stays for a month. A page that was away for longer, or for more than this, is told `missed` and loads anew. */
export const retention: Retention = { age: 30 * DAY, count: 500 };
