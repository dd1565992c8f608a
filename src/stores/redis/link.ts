import { type Clock, keepAlive } from "../../util/clock.ts";
import { Unreachable } from "../shared/failures.ts";
import { RETRY_FOR } from "../shared/retry.ts";
import { unlessSilent } from "../shared/silence.ts";
import type { Connect, Send } from "./connection.ts";
import { isElsewhere } from "./failures.ts";

/** The factor by which the wait is longer if the client hides the bytes that it sends: a quarter of a MiB a second. */
const UNSEEN = 4;

/** A connection from its first try until its loss. */
interface Session {
  readonly lifetime: AbortController;
  readonly connected: Promise<Send>;
  /** The number of commands that wait for the connection, or for an answer. */
  asked: number;
  /** The bytes of these commands. An answer comes only after the answers of all commands before. */
  bytes: number;
}

/** A connection that the first command makes, and the first after each loss makes anew. A link keeps no process alive. */
export class Link {
  readonly #clock: Clock;
  readonly #connect: Connect;
  #session: Session | undefined;
  /** Sessions that end with their last answer. */
  readonly #leaving = new Set<Session>();
  #isClosed = false;

  constructor(clock: Clock, connect: Connect) {
    this.#clock = clock;
    this.#connect = connect;
  }

  /**
   * Sends a command, and resolves with its answer. Rejects after `ms` without a moving byte. Rejects with `Unreachable` if the
   * command was not sent, and with the engine's error if the engine refused it. After any other error it may have been done.
   */
  async ask(command: readonly string[], ms = RETRY_FOR): Promise<unknown> {
    if (this.#isClosed) throw new Unreachable("the store is closed");
    this.#session ??= this.#begin();
    const session = this.#session;
    const bytes = bytesOf(command);
    session.asked += 1;
    session.bytes += bytes;
    try {
      return await this.#askOn(session, command, ms);
    } finally {
      session.asked -= 1;
      session.bytes -= bytes;
      if (session.asked === 0 && this.#leaving.delete(session)) session.lifetime.abort();
    }
  }

  /** Makes a new connection for the next command. Commands before it keep theirs until they are answered. */
  renew(): void {
    const session = this.#session;
    this.#session = undefined;
    if (session === undefined) return;
    if (session.asked === 0) session.lifetime.abort();
    else this.#leaving.add(session);
  }

  /** Closes the connections. Commands without an answer reject. */
  close(): void {
    this.#isClosed = true;
    this.#session?.lifetime.abort();
    for (const { lifetime } of this.#leaving) lifetime.abort();
  }

  async #askOn(session: Session, command: readonly string[], ms: number): Promise<unknown> {
    const { lifetime, connected } = session;
    const send = await this.#within(RETRY_FOR, connected, "the connection").catch((cause) => {
      lifetime.abort();
      throw new Unreachable("there was no connection", { cause });
    });
    try {
      return await unlessSilent(send(command), {
        clock: this.#clock,
        ms,
        bytes: session.bytes * (send.seesWrites === true ? 1 : UNSEEN),
        what: "an answer",
        ...(send.moved && { moved: send.moved }),
      });
    } catch (error) {
      if (isElsewhere(error)) lifetime.abort();
      throw error;
    }
  }

  #begin(): Session {
    const lifetime = new AbortController();
    const session: Session = { lifetime, connected: this.#connect(lifetime), asked: 0, bytes: 0 };
    session.connected.catch(() => {}); // the commands that wait for it reject
    lifetime.signal.addEventListener("abort", () => {
      if (this.#session === session) this.#session = undefined;
    });
    return session;
  }

  // A half-open connection never answers.
  #within<T>(ms: number, work: Promise<T>, what: string): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const late = (): void => reject(new Error(`${what} did not come within ${ms / 1000} s`));
      const timer = this.#clock.setTimeout(late, ms);
      keepAlive(timer, false);
      work.then(resolve, reject).finally(() => this.#clock.clearTimeout(timer));
    });
  }
}

function bytesOf(command: readonly string[]): number {
  return command.reduce((sum, { length }) => sum + length, 0);
}
