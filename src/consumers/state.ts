import { BusError, given } from "../errors.ts";
import type { Known } from "../log/query.ts";
import type { Watermark } from "../store.ts";

/** The version of a text with `known`. A later nightbus that adds a field which this one would drop writes a larger one. */
const VERSION = 2;

/** The version of a text without `known`. */
const FIRST_VERSION = 1;

/** The holder of a name. */
export interface Holder {
  /** The token of the consumer in its process. With the fence, it stands for one acquisition. */
  readonly token: string;
  /** The time in ms after which a silent holder counts as dead. */
  readonly lease: number;
}

/** The state of a name, as the text of its position keeps it. */
export interface ConsumerRecord {
  /** The keys of the channels, sorted. */
  readonly keys: readonly string[];
  /** The id up to which everything is handled. */
  readonly last: number;
  /** The number of acquisitions and of other interventions so far. A holder with a smaller fence has lost the name. */
  readonly fence: number;
  /** Undefined while nobody holds the name. */
  readonly holder: Holder | undefined;
  /** The newest trimmed id of each channel, if it lies after `last` and is no loss: the name began after that trim, or was told. */
  readonly known?: Known | undefined;
}

/** The position at which a name begins, or goes on after a `seek`. */
export type Beginning = Pick<ConsumerRecord, "last" | "known">;

/** Returns the record as text. */
export function textOf({ keys, last, fence, holder, known }: ConsumerRecord): string {
  const text = { version: FIRST_VERSION, keys, last, fence, ...(holder === undefined ? {} : { holder }) };
  const after = known === undefined ? [] : [...known].filter(([, id]) => id > last);
  return JSON.stringify(after.length === 0 ? text : { ...text, version: VERSION, known: after });
}

/** Reads the text of a position. Throws `store` if this nightbus cannot know what it says. */
export function recordOf(name: string, text: string): ConsumerRecord {
  const read = parse(text) as Partial<Omit<ConsumerRecord, "known">> & {
    readonly version?: number;
    readonly known?: readonly Watermark[];
  };
  if (typeof read.version === "number" && read.version > VERSION) {
    throw new BusError(
      "store",
      `the position of ${given(name)} was written by a newer nightbus (its version is ${read.version}): update nightbus`,
    );
  }
  const { keys, last, fence, holder, known = [] } = read;
  const isWhole = Array.isArray(keys) && Number.isSafeInteger(last) && Number.isSafeInteger(fence) && isHolder(holder);
  if (isWhole && areWatermarks(known)) {
    return { keys, last: last!, fence: fence!, holder, known: known.length === 0 ? undefined : new Map(known) }; // checked in the lines above
  }
  throw new BusError(
    "store",
    `the position of ${given(name)} is no text of nightbus, got ${given(text)}: delete it by bus.consumers.delete`,
  );
}

function isHolder(value: unknown): boolean {
  if (value === undefined) return true;
  const { token, lease } = Object(value) as Partial<Holder>;
  return typeof token === "string" && typeof lease === "number" && lease > 0;
}

function areWatermarks(value: unknown): boolean {
  const isWatermark = (one: unknown): boolean =>
    Array.isArray(one) && typeof one[0] === "string" && Number.isSafeInteger(one[1]);
  return Array.isArray(value) && value.every(isWatermark);
}

function parse(text: string): object {
  try {
    return Object(JSON.parse(text)) as object;
  } catch {
    return {};
  }
}
