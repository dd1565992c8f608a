import type { KeyBounds, KeyedOutcome, KeyedSend } from "../../store.ts";
import { planOf } from "../shared/key-plan.ts";
import type { Commits } from "./commits.ts";
import type { Cursor } from "./cursor.ts";
import type { Feed } from "./feed.ts";

/** The parts that commits with keys need. */
export interface KeyedCommitsOptions {
  readonly commits: Commits;
  readonly cursor: Cursor;
  readonly feed: Feed;
  /** Hands over all commits before the call, with retries. */
  readonly catchUp: () => Promise<void>;
}

/**
 * Commits sends of which some have a key. The check of the keys is in memory. The server refuses a commit that does not follow the
 * newest message, so that no other process can send a key in between. If another was faster, the sends are parted anew by the keys
 * that came.
 */
export async function appendKeyed(
  { commits, cursor, feed, catchUp }: KeyedCommitsOptions,
  sends: readonly KeyedSend[],
  bounds: KeyBounds,
): Promise<readonly KeyedOutcome[]> {
  for (;;) {
    if (!feed.isLive || cursor.seen === undefined) await catchUp();
    const now = commits.now();
    const plan = planOf(sends, (name) => cursor.keys.find(name, now));
    if (plan.fresh.length === 0) return plan.outcomes([]);
    const of = plan.keyed.map(({ key }) => key);
    const keys = of.some((key) => key !== undefined) ? { of, bounds } : undefined;
    const ids = await commits.appendKeyed({ sends: plan.fresh, keys });
    if (ids !== undefined) return plan.outcomes(ids);
  }
}
