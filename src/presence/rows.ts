import type { PendingRow } from "../store.ts";
import { NODES_KEY } from "./channels.ts";
import type { Member, MemberId, PresenceChange, Status } from "./member.ts";

/** The version of all rows of presence. Rows of another version are ignored. */
const VERSION = 1;

/** The size at which a row takes no further members, in UTF-16 units: at most 48 kB. */
export const ROW_SIZE = 16 * 1024;

/** The activity of a member on a node: nothing was reported, or the last activity is recent, or it is not. */
export type Activity = "unknown" | "active" | "away";

/** A member as one node has it. */
export interface Entry {
  readonly info: unknown;
  /** The JSON text of `info`, by which two are compared. */
  readonly text: string;
  readonly activity: Activity;
  /** The wall clock at which the node got `info`, in ms. The newest info of all nodes holds. */
  readonly at: number;
  /** The channels of changes, each with the wall clock of the join, in ms. */
  readonly channels: ReadonlyMap<string, number>;
}

type Item = readonly [
  id: MemberId,
  info: unknown,
  activity: Activity,
  at: number,
  channels: readonly (readonly [string, number])[],
];

/** A member and the status of which entries tell. */
export type Told = readonly [id: MemberId, status: Status];

/** The deed of a node, in a row of its own. Each row also says that the node lives. */
export type Deed =
  /** Members of the node as they are now, and members that it no longer has. `told` are the statuses of which entries of the send tell. */
  | {
      readonly does: "set";
      readonly set: readonly Item[];
      readonly gone: readonly MemberId[];
      readonly told?: readonly Told[];
    }
  /**
   * One part of all members of the node, or of `of`, which does not answer. The last part completes them. `knows` has all
   * nodes with members, and `leaves` says that the node closes.
   */
  | {
      readonly does: "part";
      readonly part: number;
      readonly parts: number;
      readonly set: readonly Item[];
      readonly leaves: boolean;
      readonly of: string;
      readonly knows: readonly string[];
    }
  /** Members of another node, which was not heard for too long. `all` says that none remains. */
  | {
      readonly does: "drop";
      readonly of: string;
      readonly gone: readonly MemberId[];
      readonly all: boolean;
      readonly told?: readonly Told[];
    }
  /** Asks each node for all its members, and any node for those of the nodes `of`, which have not answered. */
  | { readonly does: "ask"; readonly of: readonly string[] };

/** A row of a node. */
export type NodeRow = { readonly v: 1; readonly node: string; readonly seq: number } & Deed;

/** Returns the row of a deed. `seq` tells the rows of one node apart. */
export function nodeRow(node: string, seq: number, deed: Deed): PendingRow {
  return { key: NODES_KEY, json: JSON.stringify({ v: VERSION, node, seq, ...deed }) };
}

/** Returns the row of the changes on a channel. */
export function changeRow(key: string, change: Omit<PresenceChange, "v">): PendingRow {
  return { key, json: JSON.stringify({ v: VERSION, ...change }) };
}

/** Returns a member in the form of a row. */
export function itemOf(id: MemberId, { info, activity, at, channels }: Entry): Item {
  return [id, info, activity, at, [...channels]];
}

/** Returns a member from the form of a row. */
export function entryOf([, info, activity, at, channels]: Item): Entry {
  return { info, text: JSON.stringify(info), activity, at, channels: new Map(channels) };
}

/** Returns the row of a node, or undefined if the text is none of this version. Never throws. */
export function readNodeRow(json: string): NodeRow | undefined {
  const row = parsed(json);
  if (row === undefined || typeof row["node"] !== "string" || typeof row["seq"] !== "number") return undefined;
  return isDeed(row) ? (row as unknown as NodeRow) : undefined; // each field was checked
}

/** Returns the changes of a row, or undefined if the text is none of this version. Never throws. */
export function readChange(json: string): PresenceChange | undefined {
  const row = parsed(json);
  if (row === undefined) return undefined;
  const { joins, leaves, changes } = row;
  const isChange = isList(joins, isMember) && isList(changes, isMember) && isList(leaves, isId);
  return isChange ? (row as unknown as PresenceChange) : undefined; // each field was checked
}

/** Returns true for the id of a member. */
export function isId(value: unknown): value is MemberId {
  return typeof value === "string" ? value !== "" && value.length <= 256 : Number.isFinite(value);
}

type Raw = Readonly<Record<string, unknown>>;

function parsed(json: string): Raw | undefined {
  try {
    const row: unknown = JSON.parse(json);
    return typeof row === "object" && row !== null && (row as Raw)["v"] === VERSION ? (row as Raw) : undefined;
  } catch {
    return undefined; // something else has written into the store
  }
}

function isDeed({ does, set, gone, part, parts, of, all, leaves, knows, told = [] }: Raw): boolean {
  switch (does) {
    case "ask":
      return isList(of, isName);
    case "set":
      return isList(set, isItem) && isList(gone, isId) && isList(told, isTold);
    case "part":
      return isList(set, isItem) && isPlace(part, parts) && isName(of) && isList(knows, isName) && isFlag(leaves);
    case "drop":
      return isName(of) && isList(gone, isId) && isFlag(all) && isList(told, isTold);
    default:
      return false;
  }
}

function isName(value: unknown): boolean {
  return typeof value === "string";
}

function isFlag(value: unknown): boolean {
  return typeof value === "boolean";
}

function isPlace(part: unknown, parts: unknown): boolean {
  return Number.isInteger(part) && Number.isInteger(parts);
}

function isItem(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== 5) return false;
  const [id, info, activity, at, channels] = value as readonly unknown[];
  const isActivity = activity === "unknown" || activity === "active" || activity === "away";
  return isId(id) && info !== undefined && isActivity && Number.isFinite(at) && isList(channels, isStay);
}

function isStay(value: unknown): boolean {
  return Array.isArray(value) && typeof value[0] === "string" && Number.isFinite(value[1]);
}

function isTold(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  const [id, status] = value as readonly unknown[];
  return isId(id) && (status === "online" || status === "away" || status === "offline");
}

function isMember(value: unknown): boolean {
  const { id, info, status, since } = Object(value) as Partial<Member>;
  return isId(id) && info !== undefined && (status === "online" || status === "away") && Number.isFinite(since);
}

function isList(value: unknown, fits: (one: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(fits);
}
