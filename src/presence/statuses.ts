import type { PendingRow } from "../store.ts";
import type { MemberId, MemberStatus, Status } from "./member.ts";
import type { Truth } from "./nodes.ts";
import type { Told } from "./rows.ts";

/** Returns the rows that tell of a status. Never throws. */
export type RowsOf = (id: MemberId, status: Status) => readonly PendingRow[];

/**
 * The statuses of which the application's own entries told, as the rows of the log have them. A status that differs from
 * the truth is news, so a node that finds the difference sends the entries. Nothing is news without the option `statusTo`.
 */
export class Statuses {
  /** Absent if the application sends no entries. */
  readonly #rowsOf: RowsOf | undefined;
  readonly #told = new Map<MemberId, MemberStatus>();

  constructor(rowsOf: RowsOf | undefined) {
    this.#rowsOf = rowsOf;
  }

  /** The ids of all that were told to be there. */
  get ids(): Iterable<MemberId> {
    return this.#told.keys();
  }

  /** Returns the true status of a member if another one was told. */
  news(id: MemberId, truth: Truth | undefined): Status | undefined {
    if (this.#rowsOf === undefined) return undefined;
    const status = truth?.status ?? "offline";
    return status === (this.#told.get(id) ?? "offline") ? undefined : status;
  }

  /** Returns the rows that tell of a status. */
  rowsOf(id: MemberId, status: Status): readonly PendingRow[] {
    return this.#rowsOf?.(id, status) ?? [];
  }

  /** Applies what a row told. */
  apply(told: readonly Told[]): void {
    if (this.#rowsOf !== undefined) for (const [id, status] of told) this.#set(id, status);
  }

  /**
   * Takes the true status for told, because rows were lost. A member that is on none of its nodes stays as it was told, so
   * that its end is told, perhaps again. One that is here is forgotten, so that its beginning is.
   */
  adopt(id: MemberId, truth: Truth | undefined, isHere: boolean): void {
    if (truth !== undefined) this.apply([[id, truth.status]]);
    else if (isHere) this.#told.delete(id);
  }

  clear(): void {
    this.#told.clear();
  }

  #set(id: MemberId, status: Status): void {
    if (status === "offline") this.#told.delete(id);
    else this.#told.set(id, status);
  }
}
