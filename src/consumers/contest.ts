import { asStoreError, BusError, given } from "../errors.ts";
import { channelOf } from "../notification.ts";
import type { Position, Positions } from "../store.ts";
import type { Clock } from "../util/clock.ts";
import { sleep } from "./sleep.ts";
import { type Beginning, type ConsumerRecord, type Holder, recordOf, textOf } from "./state.ts";

/** The bounds of the pause between two looks at a name that somebody holds, in ms. */
const SHORTEST_LOOK = 20;
const LONGEST_LOOK = 1_000;

/** The looks at a name in the time of its lease. */
const LOOKS = 10;

/** The name to acquire, and the terms. */
export interface ContestOptions {
  readonly clock: Clock;
  readonly positions: Positions;
  /** The token of the consumer that wants the name. */
  readonly token: string;
  readonly name: string;
  readonly keys: readonly string[];
  readonly lease: number;
  readonly replacesChannels: boolean;
  /** Returns the position of a name that is new. */
  readonly from: () => Promise<Beginning>;
  /** Hears of a store that fails, and of `undefined` once it works. */
  readonly failed: (error: Error | undefined) => void;
  /** Ends the wait. */
  readonly signal: AbortSignal;
}

/** A name that was acquired. */
export interface Acquired {
  readonly record: ConsumerRecord;
  readonly version: number;
  /** The monotonic time before the write. */
  readonly since: number;
  /** True if there was no such name before. */
  readonly isNew: boolean;
}

/** The version that a name was last seen with. */
interface Sight {
  readonly version: number;
  /** The monotonic time at which it was first seen. */
  readonly at: number;
}

/**
 * Acquires a name, at once if nobody holds it. Otherwise waits until its version stands still for the lease of its holder, by the
 * monotonic clock of this process. Resolves with undefined at an abort. Rejects if the name has other channels, or no text of nightbus.
 */
export async function acquire(options: ContestOptions): Promise<Acquired | undefined> {
  const { clock, failed, name, positions, signal } = options;
  let sight: Sight | undefined;
  while (!signal.aborted) {
    const since = clock.monotonic();
    let pause: number;
    try {
      const stored = await positions.read(name);
      failed(undefined);
      if (stored?.version !== sight?.version) sight = seen(stored, clock);
      const next = await step(options, stored, sight);
      if (typeof next !== "number") return { ...next, since };
      pause = next;
    } catch (error) {
      if (error instanceof Refusal) throw error.cause;
      failed(asStoreError(error, `the position of ${given(name)} could not be read`));
      pause = LONGEST_LOOK;
    }
    await sleep(clock, pause, signal);
  }
  return undefined;
}

function seen(stored: Position | undefined, clock: Clock): Sight | undefined {
  return stored === undefined ? undefined : { version: stored.version, at: clock.monotonic() };
}

/** Takes the name if that is possible now. Returns the pause before the next look otherwise, in ms. */
async function step(
  options: ContestOptions,
  stored: Position | undefined,
  sight: Sight | undefined,
): Promise<Omit<Acquired, "since"> | number> {
  const { clock, keys, lease, name, positions, token } = options;
  const known = stored === undefined ? undefined : readable(name, stored.state);
  if (known !== undefined) checkKeys(options, known);
  const wait = waitFor(known?.holder, token, sight, clock);
  if (wait > 0) return wait;
  const { last, known: trims } = known ?? (await options.from());
  const record: ConsumerRecord = {
    keys,
    last,
    known: trims,
    fence: (known?.fence ?? 0) + 1,
    holder: { token, lease },
  };
  const version = await positions.replace(name, stored?.version ?? 0, textOf(record));
  return version === undefined ? SHORTEST_LOOK : { record, version, isNew: stored === undefined };
}

/** Returns the time until the next look, in ms; 0 if the name is free. The own token is left by a write whose answer was lost, or a release that failed. */
function waitFor(holder: Holder | undefined, token: string, sight: Sight | undefined, clock: Clock): number {
  if (holder === undefined || sight === undefined || holder.token === token) return 0;
  const left = sight.at + holder.lease - clock.monotonic();
  return Math.min(left, Math.max(SHORTEST_LOOK, Math.min(LONGEST_LOOK, holder.lease / LOOKS)));
}

/** An error that no later look changes. */
class Refusal extends Error {}

function readable(name: string, text: string): ConsumerRecord {
  try {
    return recordOf(name, text);
  } catch (cause) {
    throw new Refusal("unreadable", { cause });
  }
}

function checkKeys({ keys, name, replacesChannels }: ContestOptions, known: ConsumerRecord): void {
  if (replacesChannels || JSON.stringify(keys) === JSON.stringify(known.keys)) return;
  const [had, has] = [known.keys, keys].map((list) => given(list.map(channelOf)));
  const sentence = `the consumer ${given(name)} has had the channels ${had}, and is given ${has}: use another name, or replaceChannels`;
  throw new Refusal("other channels", { cause: new BusError("bad_option", sentence) });
}
