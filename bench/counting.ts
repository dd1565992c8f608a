/** A list of what arrives. */
export interface Counting<T> {
  /** Notes one. */
  readonly heard: (one: T) => void;
  /** Resolves with the list once it is complete. */
  readonly all: Promise<readonly T[]>;
}

/** Returns a list that is complete with so many. */
export function counting<T>(count: number): Counting<T> {
  const list: T[] = [];
  let done = (_: readonly T[]): void => {};
  const all = new Promise<readonly T[]>((resolve) => {
    done = resolve;
  });
  const heard = (one: T): void => {
    if (list.push(one) === count) done(list);
  };
  return { heard, all };
}
