import { checkChannels } from "../core/arguments.ts";
import { BusError, given } from "../errors.ts";
import { type Channel, keyOf } from "../notification.ts";
import { checkCallback, checkNames, checkSize } from "../util/validate.ts";
import type { ConsumeHandler, ConsumeOptions } from "./types.ts";

/** The longest name, in UTF-16 units. */
const LONGEST_NAME = 128;

/** The longest text of all channels, in UTF-16 units. A position has 256 kB for them and for itself. */
const LONGEST_KEYS = 16 * 1_024;

/** The bounds of a lease, in ms. Below a tenth of a second a busy process would lose it again and again. */
const SHORTEST_LEASE = 100;
const LONGEST_LEASE = 24 * 60 * 60 * 1_000;

const NAMES = [
  "from",
  "batch",
  "transaction",
  "lease",
  "attempts",
  "onFailure",
  "onMissed",
  "replaceChannels",
] as const satisfies readonly (keyof ConsumeOptions)[];

/** The options of `consume` for a bus of any channels. */
export type GivenOptions = Omit<ConsumeOptions, "onFailure"> & { readonly onFailure?: unknown };

/** The arguments of `consume` with the defaults. */
export interface CheckedConsume {
  readonly name: string;
  /** The keys of the channels, sorted, each once. */
  readonly keys: readonly string[];
  readonly handler: ConsumeHandler<never>;
  readonly from: "now" | "start" | number;
  /** Undefined if the handler gets notifications one by one, without a list. */
  readonly batch: number | undefined;
  readonly isTransactional: boolean;
  readonly lease: number;
  readonly attempts: number;
  readonly onFailure: Channel | undefined;
  readonly onMissed: ((last: number) => unknown) | undefined;
  readonly replacesChannels: boolean;
}

/** Checks the arguments of `consume`, and adds the defaults. Throws `bad_option` or `bad_channel`. */
export function checkConsume(
  name: unknown,
  channels: unknown,
  handler: unknown,
  options: GivenOptions,
): CheckedConsume {
  checkNames("consume", options, NAMES);
  const { from = "now", batch, transaction = false, lease = 10_000, attempts = 10 } = options;
  const { onFailure, onMissed, replaceChannels = false } = options;
  if (typeof handler !== "function") {
    throw new BusError("bad_option", `the handler of a consumer must be a function, got ${given(handler)}`);
  }
  checkCallback("onMissed", onMissed);
  if (onFailure !== undefined) keyOf(onFailure);
  return {
    name: checkName(name),
    keys: checkKeys(channels),
    handler: handler as ConsumeHandler<never>, // checked above
    from: checkPosition("from", from),
    batch: batch === undefined ? undefined : checkSize("batch", batch),
    isTransactional: checkFlag("transaction", transaction),
    lease: checkLease(lease),
    attempts: checkSize("attempts", attempts),
    onFailure: onFailure as Channel | undefined, // checked above
    onMissed,
    replacesChannels: checkFlag("replaceChannels", replaceChannels),
  };
}

/** Returns the name of a consumer. Throws `bad_option`. */
export function checkName(name: unknown): string {
  if (typeof name === "string" && name !== "" && name.length <= LONGEST_NAME && isPlain(name)) return name;
  throw new BusError(
    "bad_option",
    `the name of a consumer must be a text of 1 to ${LONGEST_NAME} characters without control characters, got ${given(name)}`,
  );
}

/** Returns a position to begin at. Throws `bad_option`. */
export function checkPosition(what: string, position: unknown): "now" | "start" | number {
  if (position === "now" || position === "start") return position;
  if (Number.isSafeInteger(position) && (position as number) >= 0) return position as number;
  throw new BusError("bad_option", `${what} must be "now", "start" or an integer from 0 up, got ${given(position)}`);
}

// An engine may refuse a NUL, and a lone surrogate would come back as another text.
function isPlain(name: string): boolean {
  return !/[\p{Cc}\p{Cs}]/u.test(name);
}

function checkKeys(channels: unknown): readonly string[] {
  const keys = [...new Set(checkChannels(channels))].sort();
  const length = keys.reduce((sum, key) => sum + key.length, 0);
  if (length <= LONGEST_KEYS) return keys;
  throw new BusError(
    "bad_channel",
    `the channels of a consumer must have at most ${LONGEST_KEYS} characters in all, got ${length}: use several consumers`,
  );
}

function checkLease(lease: unknown): number {
  if (typeof lease === "number" && lease >= SHORTEST_LEASE && lease <= LONGEST_LEASE) return lease;
  throw new BusError(
    "bad_option",
    `lease must be a number of ms from ${SHORTEST_LEASE} to ${LONGEST_LEASE}, got ${given(lease)}`,
  );
}

function checkFlag(name: string, flag: unknown): boolean {
  if (typeof flag === "boolean") return flag;
  throw new BusError("bad_option", `${name} must be true or false, got ${given(flag)}`);
}
