import { quietly } from "./errors.ts";
import type { ClientOptions } from "./types.ts";

/** Up to where a name was read; one star alone stands for what the server's hook adds. */
export type Position = [key: string, position: number];

/**
 * Answers what tells the positions that are kept: none when the storage throws or holds anything else. What is given to it is kept
 * beside the latest of other clients.
 */
export function keeper(storage: ClientOptions["storage"], key: string): (own?: Position[]) => Map<string, number> {
  const MOST_OF_OTHERS = 300;
  return (own) => {
    const kept = Object.entries<number>({ ...quietly(() => JSON.parse(storage!.getItem(key)!)) });
    if (own) {
      const all = Object.fromEntries([...kept.slice(-MOST_OF_OTHERS), ...own]);
      quietly(() => storage!.setItem(key, JSON.stringify(all)));
    }
    return new Map(kept);
  };
}
