import type { Line, Place, Watched } from "./waiter.ts";

/** A line that was taken off its channel, with waiters who have yet to be answered. */
export interface CalledLine {
  readonly channel: Watched;
  readonly line: Line;
  /** The newest id before the commits for which the line was called. Its waiters have all that they want up to there. */
  readonly after: number;
  /** The index of the next waiter to answer. */
  next: number;
}

/** The lines that were called and are not all answered, the oldest first. One commit may call a line on each of many channels. */
export class CalledLines {
  #all: CalledLine[] = [];
  /** The index of the oldest line. All lines at smaller indexes are done. */
  #first = 0;
  readonly #of = new Map<Watched, CalledLine[]>();

  get oldest(): CalledLine | undefined {
    return this.#all[this.#first];
  }

  add(called: CalledLine): void {
    const { channel } = called;
    channel.called += 1;
    this.#all.push(called);
    const same = this.#of.get(channel);
    if (same === undefined) this.#of.set(channel, [called]);
    else same.push(called);
  }

  dropOldest(): void {
    const { channel } = this.#all[this.#first++]!; // the caller has looked at it
    channel.called -= 1;
    if (channel.called === 0) this.#of.delete(channel);
    else this.#of.get(channel)!.shift(); // the oldest of all is the oldest of its channel

    // Half of the list is cut off at once, because to remove the first entry costs as much as the list is long.
    if (this.#first * 2 < this.#all.length) return;
    this.#all = this.#all.slice(this.#first);
    this.#first = 0;
  }

  /** Returns the called line in which a place stands. Undefined if it stands in the line of its channel. */
  of(place: Place): CalledLine | undefined {
    const { channel, index } = place;
    if (channel.called === 0) return undefined;
    // A line still has the places before `next`, whose turn has been. Some of them stand in their channel's line again.
    return this.#of.get(channel)!.find(({ line, next }) => index >= next && line[index] === place);
  }
}
