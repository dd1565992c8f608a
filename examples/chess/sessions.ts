import { createHash, randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Database, Statement } from "better-sqlite3";
import { Refused } from "./refused.ts";

const COOKIE = "chess_session";
const MAX_NAME = 24;

/**
 * The club's members and their sessions. No member has a password. A name belongs for good to the browser that picked it, so that nobody else reads whispers to that name.
 */
export class Sessions {
  readonly cookie = COOKIE;
  readonly #addMember: Statement<[name: string, key: string]>;
  readonly #addSession: Statement<[hash: string, member: string]>;
  readonly #bySession: Statement<[hash: string], string>;
  readonly #byName: Statement<[name: string], string>;
  readonly #all: Statement<[], string>;
  readonly #signIn: (name: string, token: string) => void;

  constructor(db: Database) {
    db.exec(`
      create table if not exists members (name text primary key, key text not null unique) without rowid;
      create table if not exists sessions (hash text primary key, member text not null references members) without rowid;
    `);
    this.#addMember = db.prepare("insert into members (name, key) values (?, ?) on conflict do nothing");
    this.#addSession = db.prepare("insert into sessions (hash, member) values (?, ?)");
    this.#bySession = db.prepare<[string], string>("select member from sessions where hash = ?").pluck();
    this.#byName = db.prepare<[string], string>("select name from members where name = ?").pluck();
    this.#all = db.prepare<[], string>("select name from members order by key limit 500").pluck();
    this.#signIn = db.transaction((name: string, token: string) => {
      // Two names that look the same would let one person pose as another.
      const { changes } = this.#addMember.run(name, name.normalize("NFKC").toLowerCase());
      if (changes === 0) throw new Refused(409, `There is a ${name} in the club already. Pick another name.`);
      this.#addSession.run(hashOf(token), name);
    });
  }

  /** Makes a member of this name, and answers the name as it is written from now on and the session's token. */
  signIn(wanted: string): { readonly name: string; readonly token: string } {
    const name = wanted.normalize("NFC").replace(/\s+/g, " ").trim();
    if (name.length < 1 || name.length > MAX_NAME || /\p{C}/u.test(name)) {
      throw new Refused(400, `A name has 1 to ${MAX_NAME} characters that can be seen.`);
    }
    const token = randomBytes(32).toString("base64url");
    this.#signIn(name, token);
    return { name, token };
  }

  /** The name of the one who sends this request. Throws Refused 401 for a stranger. */
  whoSends(request: IncomingMessage): string {
    const token = tokenIn(request.headers.cookie ?? "");
    const name = token === undefined ? undefined : this.#bySession.get(hashOf(token));
    if (name === undefined) throw new Refused(401, "Sign in first.");
    return name;
  }

  /** Throws Refused 404 when nobody has this name. */
  check(name: string): void {
    if (this.#byName.get(name) === undefined) throw new Refused(404, `There is no ${name} in the club.`);
  }

  names(): readonly string[] {
    return this.#all.all();
  }
}

// Only a hash is kept: who gets to see a copy of the file cannot become somebody with it.
function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}

function tokenIn(cookies: string): string | undefined {
  const own = cookies.split(/; */).find((cookie) => cookie.startsWith(`${COOKIE}=`));
  return own?.slice(COOKIE.length + 1);
}
