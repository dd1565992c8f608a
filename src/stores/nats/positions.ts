import type { Position } from "../../store.ts";
import type { Clock } from "../../util/clock.ts";
import { Unreachable } from "../shared/failures.ts";
import type { EngineChange, EnginePositions } from "../shared/remote-positions.ts";
import type { Connection } from "./connection.ts";
import type { StoredMessage } from "./driver.ts";
import { isConflict, isMissing, tooLarge } from "./failures.ts";
import { Stream } from "./stream.ts";
import type { StreamKind } from "./stream-config.ts";
import { HEADER, VERSION } from "./wire.ts";

/**
 * The stream of positions. The positions are no part of the log's stream, of which each process reads all messages. The number of its newest
 * message shows where the log ends.
 */
const POSITIONS: StreamKind = {
  title: "set of positions",
  subjectsOf: (name, begin) => [`${name}.${begin}.*`],
  keepsNewest: true,
};

/** The tries of one change, if the server counts another newest message than it has. */
const TRIES = 3;

/** The parts that positions in NATS need. */
export interface NatsPositionsOptions {
  readonly clock: Clock;
  readonly connection: Connection;
  /** The name of the log's stream. */
  readonly log: string;
  /** The number of servers that keep a new stream. */
  readonly replicas: number;
}

/** The stored change of a name. */
interface Stored {
  readonly version: number;
  /** The number of its message. */
  readonly seq: number;
  readonly token: string;
  /** Undefined after a removal. */
  readonly state: string | undefined;
}

/**
 * The positions of consumers, each the newest message of a subject. The server compares the number of the message before. A version is that
 * number, from the beginning of the stream on, so that no other stream gives the same versions.
 */
export class NatsPositions implements EnginePositions {
  readonly #options: NatsPositionsOptions;
  readonly #stream: Stream;
  readonly #name: string;
  #begin: number | undefined;

  constructor(options: NatsPositionsOptions) {
    const { connection, clock, log, replicas } = options;
    this.#options = options;
    this.#name = `${log}+positions`; // no log can have this name
    this.#stream = new Stream(connection, clock, { name: this.#name, replicas, kind: POSITIONS });
  }

  list(): Promise<readonly Position[]> {
    return this.#in(async (begin) => {
      const prefix = this.#subjectOf(begin, "");
      const all: Position[] = [];
      for (const subject of await this.#stream.subjects()) {
        if (!subject.startsWith(prefix)) continue;
        const name = Buffer.from(subject.slice(prefix.length), "base64url").toString();
        const found = positionOf(name, await this.#find(begin, name));
        if (found !== undefined) all.push(found);
      }
      return all;
    });
  }

  read(name: string): Promise<Position | undefined> {
    return this.#in(async (begin) => {
      const found = await this.#find(begin, name);
      if (found !== undefined) return positionOf(name, found);
      const newest = await this.#look(); // another process may have made the stream anew
      return newest === begin ? undefined : positionOf(name, await this.#find(newest, name));
    });
  }

  replace(change: EngineChange): Promise<number | undefined> {
    return this.#in((begin) => this.#replace(begin, change));
  }

  // The first try spares a read, and the number to compare with is known. After a removal only the server knows that number.
  async #replace(begin: number, { name, version, state, token }: EngineChange): Promise<number | undefined> {
    let after = version === 0 ? 0 : version - begin;
    let trustsServer = false;
    const isNothing = version === 0 && state === undefined;
    for (let tries = 0; tries < TRIES; tries += 1) {
      try {
        if (after >= 0 && !isNothing) return await this.#publish(begin, { name, state, token, after, trustsServer });
      } catch (error) {
        if (!isConflict(error)) throw error;
      }
      const found = await this.#find(begin, name);
      const stored = found?.state === undefined ? 0 : found.version;
      if (found?.token === token) return stored;
      if (stored !== version) return undefined;
      if (isNothing) return 0;
      after = found?.seq ?? 0;
      trustsServer = found === undefined; // the server may count a message that is gone (seen with 2.9)
    }
    throw new Unreachable("others were faster again and again");
  }

  async #publish(
    begin: number,
    { name, state, token, after, trustsServer }: Pick<EngineChange, "name" | "state" | "token"> & Place,
  ): Promise<number> {
    const { losses } = this.#options.connection;
    const subject = this.#subjectOf(begin, name);
    const header = [VERSION, token, state === undefined ? "removed" : "stored"].join(" ");
    const body = Buffer.from(state ?? "");
    if (body.length > this.#stream.room) throw tooLarge("state", body.length, this.#stream.room);
    const publication = { subject, body, header, id: token, after, trustsServer };
    const { seq } = await this.#stream.publish(publication);
    if (state !== undefined) return begin + seq;
    await this.#stream.purge(subject, seq + 1, losses).catch(() => {}); // otherwise its message stays, and says the same
    return 0;
  }

  async #find(begin: number, name: string): Promise<Stored | undefined> {
    const message = await this.#stream.newest(this.#subjectOf(begin, name));
    return message === undefined ? undefined : storedOf(begin, message);
  }

  /** Works in the stream that begins at this id, and looks again if the stream is gone. */
  async #in<T>(work: (begin: number) => Promise<T>): Promise<T> {
    const known = this.#begin;
    try {
      return await work(known ?? (await this.#look()));
    } catch (error) {
      this.#begin = undefined;
      if (known === undefined || !isMissing(error)) throw error;
      return work(await this.#look());
    }
  }

  async #look(): Promise<number> {
    const { begin } = await this.#stream.ready(() => this.#options.clock.base());
    if (begin !== this.#begin) this.#stream.turnTo(begin);
    this.#begin = begin;
    return begin;
  }

  #subjectOf(begin: number, name: string): string {
    return `${this.#name}.${begin}.${Buffer.from(name).toString("base64url")}`;
  }
}

/** The place of a message behind the newest one of its subject. */
interface Place {
  readonly after: number;
  readonly trustsServer: boolean;
}

function storedOf(begin: number, { seq, data, header }: StoredMessage): Stored {
  const [, token = "", kind] = header.get(HEADER).split(" ");
  return { version: begin + seq, seq, token, state: kind === "stored" ? Buffer.from(data).toString() : undefined };
}

function positionOf(name: string, stored: Stored | undefined): Position | undefined {
  return stored?.state === undefined ? undefined : { name, version: stored.version, state: stored.state };
}
