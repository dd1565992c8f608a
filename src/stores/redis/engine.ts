import type { Gap, KeyBounds, KeyedSend, Trimmed, Watermark } from "../../store.ts";
import type { Sends } from "../shared/given-ids.ts";
import { type CommittedKeyed, outcomeOf, whole } from "../shared/keyed-commits.ts";
import { pack } from "../shared/packed.ts";
import { PAGE_BYTES, PAGE_ROWS } from "../shared/page-size.ts";
import type { Committed, Writer } from "../shared/remote-commits.ts";
import type { Page } from "../shared/remote-cursor.ts";
import { entriesOf, type RawEntry } from "./entries.ts";
import { runScript, type Script } from "./script.ts";
import { APPEND, APPEND_KEYED, CREATE, keysOf, PAGE, TRIM } from "./scripts.ts";

/** The rows that one step trims, about a quarter of a millisecond's work. A send may have to wait for one step. */
const STEP = 200;

/** A page of the stream. */
export interface EnginePage extends Page {
  /** The engine's clock, in ms. */
  readonly now: number;
  /** The removed rows, on the last page, if the caller asked for them. */
  readonly gone: Gone | undefined;
}

/** The facts about rows that are gone. */
export interface Gone {
  readonly floor: number;
  readonly gaps: readonly Gap[];
  readonly watermarks: readonly Watermark[];
}

/** Sends a command, and resolves with its answer. */
export type Ask = (command: readonly string[]) => Promise<unknown>;

/** The work inside Redis, on the keys of one log. */
export class Engine {
  readonly #keys: readonly string[];

  constructor(prefix: string) {
    this.#keys = keysOf(prefix);
  }

  /** The key of the stream, which has one entry for each send. */
  get logKey(): string {
    return this.#keys[1]!;
  }

  /** Makes the log if there is none. */
  async create(ask: Ask, identity: string, base: number): Promise<void> {
    await this.#run(ask, CREATE, [identity, `${base}`]);
  }

  /** Commits these sends. Undefined if there is no log. */
  async append(ask: Ask, as: Writer, sends: Sends): Promise<Committed | undefined> {
    const packed = sends.flatMap((send) => [`${send.length}`, pack(send)]);
    const found = await this.#run(ask, APPEND, [...written(as), ...packed]);
    return found === null ? undefined : committedOf(found as AppendReply); // as the script answers
  }

  /** Commits the sends whose keys are not known. No key comes twice. Undefined if there is no log. */
  async appendKeyed(
    ask: Ask,
    as: Writer,
    sends: readonly KeyedSend[],
    bounds: KeyBounds,
  ): Promise<CommittedKeyed | undefined> {
    const packed = sends.flatMap(({ rows, key }) => [`${rows.length}`, pack(rows), key?.name ?? "", key?.hash ?? ""]);
    const values = [...written(as), whole(bounds.window), whole(bounds.count), ...packed];
    const found = await this.#run(ask, APPEND_KEYED, values);
    if (found === null) return undefined;
    const reply = found as AppendReply; // as the script answers
    const [forgot, lost, ...firsts] = reply.slice(5) as [string, string, ...string[]];
    const own = sends.flatMap(({ rows }, at) => (firsts[at]!.startsWith("+") ? [rows] : []));
    return {
      committed: own.length === 0 ? undefined : { ...committedOf(reply), sends: own },
      outcomes: sends.map((send, at) => outcomeOf(Number(firsts[at]), send)),
      forgotten: Number(forgot) < 0 ? undefined : Number(forgot),
      areLost: lost === "1",
    };
  }

  /**
   * The rows after `seen`, each send whole. With `since`, the last page also tells of rows after that id that are gone.
   * Undefined if there is no log.
   */
  async page(ask: Ask, seen: number, since?: number): Promise<EnginePage | undefined> {
    const bounds = [`${seen}`, `${PAGE_ROWS}`, `${PAGE_BYTES}`];
    const found = await this.#run(ask, PAGE, since === undefined ? bounds : [...bounds, `${since}`]);
    if (found === null) return undefined;
    const [begin, identity, newest, now, more, raw, gone] = found as PageReply; // as the script answers
    const entries = entriesOf(raw);
    const rows = entries.flatMap(({ rows: unpacked }) => unpacked());
    const last = Number(newest);
    const end = more === 0 ? last : entries.at(-1)!.last; // such a page has more than one entry
    return { begin: Number(begin), identity, rows, last, end, now: Number(now), gone: goneOf(gone, since) };
  }

  /** Trims a portion. Each step may run twice without harm. */
  async trim(ask: Ask, { ids, keys, forgotten, floor }: Trimmed): Promise<void> {
    for (let from = 0; from === 0 || from < ids.length; from += STEP) {
      const step = ids.slice(from, from + STEP).map(String);
      const last = from + STEP >= ids.length ? forgotten : [];
      await this.#run(ask, TRIM, [`${floor}`, `${step.length}`, ...step, ...keys.slice(from, from + STEP), ...last]);
    }
  }

  #run(ask: Ask, script: Script, values: readonly string[]): Promise<unknown> {
    return runScript(ask, script, this.#keys, values);
  }
}

type AppendReply = readonly [was: string, began: string, first: string, last: string, at: string, ...more: string[]];

function written({ hasEpoch, seen, base }: Writer): readonly string[] {
  return [hasEpoch ? "1" : "0", `${seen}`, `${base}`];
}

function committedOf(reply: AppendReply): Committed {
  const [was, began, first, last, at] = reply.slice(0, 5).map(Number) as [number, number, number, number, number];
  return { was, began: began > was + 1 ? began : undefined, first, last, at };
}

type GoneReply = [floor: string, gaps: readonly string[], marks: readonly string[]];
type PageReply = [string, string, string, string, number, readonly RawEntry[], GoneReply | null | undefined];

function goneOf(reply: GoneReply | null | undefined, since = 0): Gone | undefined {
  if (!reply) return undefined;
  const [floor, gaps, marks] = reply;
  const watermarks = watermarksOf(marks, Number(floor) > since ? 0 : since);
  return { floor: Number(floor), gaps: gaps.map(gapOf), watermarks };
}

function gapOf(text: string): Gap {
  const [after, before] = text.split(" ").map(Number) as [number, number];
  return { after, before };
}

function watermarksOf(marks: readonly string[], after: number): readonly Watermark[] {
  const found: Watermark[] = [];
  for (let index = 0; index + 1 < marks.length; index += 2) {
    const id = Number(marks[index + 1]);
    if (id > after) found.push([marks[index]!, id]);
  }
  return found;
}
