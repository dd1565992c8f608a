import type { Position, Positions } from "../../store.ts";

/** Returns positions that end with the process. Each change happens during its call. */
export function memoryPositions(): Positions {
  const all = new Map<string, Position>();
  let newest = 0;
  return {
    list: async () => [...all.values()].sort((one, other) => (one.name < other.name ? -1 : 1)),
    read: async (name) => all.get(name),
    async replace(name, version, state) {
      if ((all.get(name)?.version ?? 0) !== version) return undefined;
      if (state === undefined) {
        all.delete(name);
        return 0;
      }
      newest += 1; // one counter for all names, so that no version comes twice
      all.set(name, { name, version: newest, state });
      return newest;
    },
  };
}
