import pg from "pg";
import { openDatabase } from "../../stores/sqlite/database.ts";

/** The effects of handlers in transactions, as a table of jobs. */
export interface Ledger {
  /** The jobs in the order of their transactions. */
  jobs(): Promise<readonly number[]>;
  close(): Promise<void>;
}

/** Makes the table, at the address of a store. A store without transactions has none. */
export const LEDGERS: Readonly<Record<string, (address: string) => Promise<Ledger>>> = {
  async sqlite(path) {
    const db = openDatabase(path);
    db.exec("create table ledger (at integer primary key autoincrement, job integer not null)");
    return {
      jobs: async () =>
        db
          .prepare("select job from ledger order by at")
          .all()
          .map(({ job }) => job as number),
      async close() {
        db.close();
      },
    };
  },
  async postgres(address) {
    const pool = new pg.Pool({ connectionString: address, max: 1 });
    pool.on("error", () => {}); // the server is killed now and then
    await pool.query("create table ledger (at bigserial, job int not null)");
    return {
      async jobs() {
        const { rows } = await pool.query<{ job: number }>("select job from ledger order by at");
        return rows.map(({ job }) => job);
      },
      close: () => pool.end(),
    };
  },
};
