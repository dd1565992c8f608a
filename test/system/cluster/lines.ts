/** The channels of a send: one part on each. */
export const CHANNELS = ["part 0", "part 1", "part 2"] as const;

/** A retention that trims nothing. */
export const EVERYTHING = {
  age: Number.POSITIVE_INFINITY,
  count: Number.POSITIVE_INFINITY,
  total: Number.POSITIVE_INFINITY,
};

/** One part of a send: of the node of this name, its n-th. */
export interface Part {
  readonly name: string;
  readonly n: number;
  readonly part: number;
}

/** A line that a node prints. */
export type Line =
  | { readonly listening: number }
  | { readonly ack: number; readonly ids: readonly number[] }
  | { readonly rejected: number; readonly code: string; readonly refused: boolean; readonly message: string }
  | { readonly error: string }
  | { readonly broken: string }
  | { readonly stopped: true }
  | { readonly marked: true };
