import type { KeyBounds, SendKey } from "../../store.ts";
import { AgedMap } from "../../util/aged-map.ts";
import { EarlyLosses } from "../shared/key-ledger.ts";
import type { KnownSend } from "../shared/key-plan.ts";
import type { CommittedKeys } from "./sent-keys.ts";

/** A key as the stream keeps it. */
export interface KeptKey extends SendKey, KnownSend {
  readonly hash: string;
  /** The end of its window, in ms by the server's clock. */
  readonly until: number;
}

/** The place of a key in the stream: the number of a message, or the marks, or none, after another process removed it. */
type Place = number | "marks" | "nowhere";

interface Entry extends KeptKey {
  place: Place;
}

/** A commit, as far as keys need it. */
export interface KeyedCommit {
  /** The number of its message. */
  readonly seq: number;
  /** Its time, in ms by the server's clock. */
  readonly at: number;
  /** Undefined if none of its sends has a key. */
  readonly keys: CommittedKeys | undefined;
}

/**
 * The keys that the stream remembers. Each process takes in the same commits and marks, and so keeps the same keys. A key is in
 * the message of its send. Before that message goes, a change of the marks carries the key.
 */
export class StreamKeys {
  /** The keys by name. */
  readonly #entries = new AgedMap<Entry>();
  #newest = 0;
  #isSorted = true;
  readonly #losses: EarlyLosses;

  /** `forgot` hears of keys of this process's commits that had to go before their window was over. */
  constructor(forgot: (error: Error) => void) {
    this.#losses = new EarlyLosses(forgot);
  }

  /** Returns the remembered send of a key at this time. */
  find(name: string, now: number): KnownSend | undefined {
    const entry = this.#entries.get(name);
    return entry === undefined || entry.until <= now ? undefined : entry;
  }

  /** Takes in a commit, and forgets keys that are too old or too many. Each loss counts for the process that commits. */
  take({ seq, at, keys }: KeyedCommit, { isOwn }: { readonly isOwn: boolean }): void {
    if (keys !== undefined) {
      const until = Math.min(at + keys.bounds.window, Number.MAX_SAFE_INTEGER);
      for (const { name, hash, first, size } of keys.sends) this.#put({ name, hash, first, size, until, place: seq });
    }
    const forgotten = this.#forget(at, keys?.bounds);
    if (keys !== undefined && isOwn && forgotten !== undefined) this.#losses.note(forgotten, at, keys.bounds);
  }

  /** Takes in keys of the marks. */
  takeMarked(keys: readonly KeptKey[]): void {
    for (const key of keys) this.#put({ ...key, place: "marks" });
  }

  /** The keys that the marks have to take over before these messages go, and those that are nowhere in the stream. */
  leaving(seqs: readonly number[]): readonly KeptKey[] {
    if (this.#entries.size === 0) return [];
    const going = new Set<Place>(seqs).add("nowhere");
    return this.#kept((place) => going.has(place));
  }

  /** The keys for a snapshot of the marks. */
  marked(): readonly KeptKey[] {
    return this.#kept((place) => typeof place !== "number");
  }

  /** Notes that messages go. A process of a version without keys does not copy their keys. */
  release(seqs: readonly number[]): void {
    if (this.#entries.size === 0 || seqs.length === 0) return;
    const gone = new Set<Place>(seqs);
    for (const entry of this.#entries.values()) if (gone.has(entry.place)) entry.place = "nowhere";
  }

  /** Notes that the marks begin anew, with a snapshot that follows. A snapshot of a version without keys has none. */
  releaseMarked(): void {
    for (const entry of this.#entries.values()) if (entry.place === "marks") entry.place = "nowhere";
  }

  /** Forgets all, as for another log. */
  clear(): void {
    this.#entries.clear();
    this.#newest = 0;
    this.#isSorted = true;
  }

  #put(entry: Entry): void {
    const { name, first } = entry;
    const known = this.#entries.get(name);
    if (known !== undefined && known.first > first) return; // an old copy of a key that has another send by now
    if (known?.first === first) {
      known.place = entry.place === "marks" ? "marks" : known.place;
      return;
    }
    this.#entries.set(name, entry);
    this.#isSorted &&= first > this.#newest;
    this.#newest = Math.max(this.#newest, first);
  }

  /** Forgets keys. Returns the age in ms of the oldest that went too early. */
  #forget(now: number, bounds: KeyBounds | undefined): number | undefined {
    if (!this.#isSorted) this.#sort();
    let age: number | undefined;
    this.#entries.drop(({ until }) => {
      if (until <= now) return true;
      if (bounds === undefined || this.#entries.size <= bounds.count) return false;
      age ??= Math.max(0, now - (until - bounds.window));
      return true;
    });
    return age;
  }

  // The marks may tell of a send after later ones were read.
  #sort(): void {
    this.#entries.sort((one, other) => one.first - other.first);
    this.#isSorted = true;
  }

  #kept(isWanted: (place: Place) => boolean): readonly KeptKey[] {
    const kept: KeptKey[] = [];
    for (const { place, ...key } of this.#entries.values()) if (isWanted(place)) kept.push(key);
    return kept;
  }
}
