import { BusError, given } from "../errors.ts";

/** The version of the text. A later nightbus that adds a field which this one would drop writes a larger one. */
const VERSION = 1;

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
}

/** Returns the record as text. */
export function textOf({ keys, last, fence, holder }: ConsumerRecord): string {
  return JSON.stringify({ version: VERSION, keys, last, fence, ...(holder === undefined ? {} : { holder }) });
}

/** Reads the text of a position. Throws `store` if this nightbus cannot know what it says. */
export function recordOf(name: string, text: string): ConsumerRecord {
  const read = parse(text) as Partial<ConsumerRecord> & { readonly version?: number };
  if (typeof read.version === "number" && read.version > VERSION) {
    throw new BusError(
      "store",
      `the position of ${given(name)} was written by a newer nightbus (its version is ${read.version}): update nightbus`,
    );
  }
  const { keys, last, fence, holder } = read;
  const isWhole = Array.isArray(keys) && Number.isSafeInteger(last) && Number.isSafeInteger(fence) && isHolder(holder);
  if (isWhole) return { keys, last: last!, fence: fence!, holder }; // checked in the line above
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

function parse(text: string): object {
  try {
    return Object(JSON.parse(text)) as object;
  } catch {
    return {};
  }
}
