import type { Signal } from "../util/abort.ts";
import type { Bucket, Due } from "../util/deadlines.ts";
import type { Numbered, Reading } from "./answers.ts";

/** A channel that carries the line of its waiters. */
export interface Watched extends Numbered {
  watch: Line | undefined;
  /** The number of its lines that were called and are not all answered. */
  called: number;
}

/** The waiters of one channel. Never empty. */
export type Line = Place[];

/** A waiter's place in the line of one of its channels. A place knows its index, so that leaving is O(1). */
export interface Place {
  readonly waiter: Waiter;
  readonly channel: Watched;
  index: number;
}

/** The channels, the manner and the end of a wait. */
export interface Wait<C extends Watched, A, T> extends Reading {
  /** Each channel once, at least one. */
  readonly channels: readonly C[];
  /** The end of the wait by the monotonic clock; may be Infinity. */
  readonly deadline: number;
  readonly signal: Signal | undefined;
  /** Turns an answer into the reader's result. */
  readonly form: (answer: A) => T;
}

/** The index of a place that stands in no line. */
export const DETACHED = -1;

/** The manner of reading, and the form of the result. */
export interface Manner extends Reading {
  readonly form: (answer: unknown) => unknown;
}

/** A parked poll. A waiter is itself the place in the line of its first channel, because most polls wait on one alone. */
export class Waiter implements Due, Place {
  readonly channel: Watched;
  index = DETACHED;
  readonly others: readonly Place[] | undefined;
  bucket: Bucket | undefined = undefined;
  slot = 0;
  readonly signal: Signal | undefined;
  readonly manner: Manner;
  readonly resolve: (value: unknown) => void;

  constructor(
    { channels, signal }: Pick<Wait<Watched, never, unknown>, "channels" | "signal">,
    manner: Manner,
    resolve: (value: unknown) => void,
  ) {
    this.channel = channels[0]!; // there is one at least
    this.others = channels.length === 1 ? undefined : othersOf(this, channels);
    this.signal = signal;
    this.manner = manner;
    this.resolve = resolve;
    enter(this);
  }

  get waiter(): Waiter {
    return this;
  }
}

function othersOf(waiter: Waiter, channels: readonly Watched[]): readonly Place[] {
  const others: Place[] = [];
  for (let at = 1; at < channels.length; at += 1) {
    const place = { waiter, channel: channels[at]!, index: DETACHED };
    others.push(place);
    enter(place);
  }
  return others;
}

/** Puts a place at the end of its channel's line. */
export function enter(place: Place): void {
  const { channel } = place;
  if (channel.watch === undefined) {
    channel.watch = [place];
    place.index = 0;
  } else {
    place.index = channel.watch.push(place) - 1;
  }
}

/** Takes a place out of its channel's line. Returns true if the line has no other. */
export function step(place: Place): boolean {
  const { channel } = place;
  const line = channel.watch!; // every place that is in no called line stands in its channel's line
  stepFrom(line, place);
  if (line.length > 0) return false;
  channel.watch = undefined;
  return true;
}

/** Takes a place out of this line, in which it stands. */
export function stepFrom(line: Place[], { index }: Place): void {
  const moved = line.pop()!; // the place itself, at least
  if (index >= line.length) return;
  line[index] = moved;
  moved.index = index;
}
