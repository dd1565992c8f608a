import { quietly } from "./errors.ts";
import type { ClientOptions } from "./types.ts";

/** The position up to which a name was read. The name `*` stands for channels that the server's hook adds. */
export type Position = [key: string, position: number];

/**
 * Returns a function that reads the kept positions, and writes given ones beside those of other clients. A storage that
 * throws, or holds anything else, counts as empty.
 */
export function keeper(storage: ClientOptions["storage"], key: string): (own?: Position[]) => Map<string, number> {
  const MOST_OF_OTHERS = 300;
  return (own) => {
    const kept = Object.entries<number>({ ...quietly(() => JSON.parse(storage!.getItem(key)!)) });
    if (own)
      quietly(() =>
        storage!.setItem(key, JSON.stringify(Object.fromEntries([...kept.slice(-MOST_OF_OTHERS), ...own]))),
      );
    return new Map(kept);
  };
}
