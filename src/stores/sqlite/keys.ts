import type { KeyBounds, SendKey } from "../../store.ts";
import { EarlyLosses } from "../shared/key-ledger.ts";
import type { KnownSend } from "../shared/key-plan.ts";
import type { Connection, Statement } from "./drivers/driver.ts";

/** The most keys that one commit forgets, so that no commit takes long. */
const PORTION = 1_000;

/** The keys of sends in a file. All methods run inside a transaction that writes. */
export class Keys {
  readonly #find: Statement;
  readonly #put: Statement;
  readonly #newest: Statement;
  readonly #after: Statement;
  readonly #forget: Statement;
  readonly #losses: EarlyLosses;

  /** Makes the table if it is missing. `error` hears of keys that are forgotten too early. */
  constructor(db: Connection, error: (error: Error) => void) {
    // `seq` grows with `at`, so the oldest keys are the first rows, and the range of `seq` counts the keys.
    db.exec(`
      create table if not exists nightbus_keys (
        seq integer primary key, name text not null unique, hash text not null,
        first integer not null, size integer not null, at integer not null
      )
    `);
    this.#losses = new EarlyLosses(error);
    this.#find = db.prepare("select hash, first, size from nightbus_keys where name = ? and at > ?");
    this.#put = db.prepare("insert or replace into nightbus_keys (name, hash, first, size, at) values (?, ?, ?, ?, ?)");
    this.#newest = db.prepare("select max(seq) from nightbus_keys");
    this.#after = db.prepare("select seq, at from nightbus_keys where seq > ? order by seq limit 1");
    this.#forget = db.prepare("delete from nightbus_keys where seq <= ?");
  }

  /** Returns the send of a key that is younger than the window at this time. */
  find(name: string, now: number, { window }: KeyBounds): KnownSend | undefined {
    const found = this.#find.get(name, now - window) as [hash: string, first: number, size: number] | undefined;
    if (found === undefined) return undefined;
    const [hash, first, size] = found;
    return { hash, first, size };
  }

  /** Remembers sends that are committed at this time, and forgets some that are too old or too many. */
  remember(sends: readonly (SendKey & KnownSend)[], at: number, bounds: KeyBounds): void {
    for (const { name, hash, first, size } of sends) this.#put.run(name, hash, first, size, at);
    const [newest] = this.#newest.get() as [number | null];
    if (newest === null) return;
    let last = 0;
    for (let count = 0; count < PORTION; count += 1) {
      const next = this.#after.get(last) as readonly [seq: number, at: number] | undefined;
      if (next === undefined) break;
      const [seq, since] = next;
      const isOld = since <= at - bounds.window;
      if (!isOld && seq > newest - bounds.count) break;
      if (!isOld) this.#losses.note(at - since, at, bounds);
      last = seq;
    }
    if (last > 0) this.#forget.run(last);
  }
}
