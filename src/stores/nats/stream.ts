import { BusError, given } from "../../errors.ts";
import type { Clock } from "../../util/clock.ts";
import { epochAt } from "../../util/ids.ts";
import type { Connection } from "./connection.ts";
import { CLIENT_TIMEOUT, type StoredMessage, type StreamConfig, type StreamInfo } from "./driver.ts";
import { apiCode, isConflict, isMissing, newestIn, overlaps } from "./failures.ts";
import { BEGIN, configOf, LOG, NEW, type StreamKind, subjectsOf, wrongWith } from "./stream-config.ts";
import { type Beginning, HEADER, timeOf } from "./wire.ts";

/** The most bytes that a message takes beside its body. */
const HEADERS = 512;

/** The time, in ms, for which a server may still be working on a second request for the same stream. */
const MAKING = 250;

/** The state of a stream. */
export interface State {
  /** The id at which its log begins. */
  readonly begin: number;
  /** The time of its creation, which is its identity among streams of its name. */
  readonly created: string;
  /** The numbers of its oldest and newest messages. The newest may be gone. */
  readonly first: number;
  readonly last: number;
}

/** The stream to use, or to make. */
export interface StreamOptions {
  readonly name: string;
  readonly replicas: number;
  /** Default: the stream of a log. */
  readonly kind?: StreamKind;
}

/** A message to publish. */
export interface Publication {
  readonly subject: string;
  readonly body: Uint8Array;
  /** The value of its header. */
  readonly header: string;
  /** The id by which the server recognises it if it comes twice. */
  readonly id?: string;
  /** The number of the newest message on this subject. With any other newest message, the server refuses. */
  readonly after: number;
  /**
   * Expects the number that the server named in its last refusal. After the newest message was deleted, a server may not know
   * the newest (seen with 2.9). The subject was read anew since, so that no newer message can exist.
   */
  readonly trustsServer?: boolean;
}

/** The requests about the stream of a log. Each rejects as `Connection.ask` does. */
export class Stream {
  readonly #name: string;
  readonly #replicas: number;
  readonly #kind: StreamKind;
  readonly #connection: Connection;
  readonly #clock: Clock;
  #largest = Number.POSITIVE_INFINITY;
  /** The number that the server named in its last refusal, by subject. */
  readonly #named = new Map<string, number>();
  #begin = 0;

  constructor(connection: Connection, clock: Clock, { name, replicas, kind = LOG }: StreamOptions) {
    this.#connection = connection;
    this.#clock = clock;
    this.#name = name;
    this.#replicas = replicas;
    this.#kind = kind;
  }

  /** The subject of the commits. Another log in a stream of this name has another subject. */
  get log(): string {
    return subjectsOf(this.#name, this.#begin)[0];
  }

  /** The subject of the marks, which tell of rows that are gone. */
  get marks(): string {
    return subjectsOf(this.#name, this.#begin)[1];
  }

  /** Turns to the log that begins at this id. */
  turnTo(begin: number): void {
    this.#begin = begin;
    this.#named.clear();
  }

  /** The most bytes of a message's body. */
  get room(): number {
    return Math.min(this.#connection.maxPayload, this.#largest) - HEADERS;
  }

  /** Reads its state. Makes a missing stream, with a log that begins at `base()`. Rejects with `store` for an unfit stream. */
  async ready(base: () => number): Promise<State> {
    const found = await this.#info().catch((error) => {
      if (isMissing(error)) return this.#create(base);
      throw error;
    });
    const info = isSettled(found) ? found : await this.#settle();
    if (info.config.max_msg_size > 0) this.#largest = info.config.max_msg_size;
    const { created, config, state } = info;
    const begin = Number(BEGIN.exec(config.description ?? "")?.[1] ?? epochOf(created));
    this.#check(config, begin);
    return { begin, created, first: state.first_seq, last: state.last_seq };
  }

  /** Publishes a message, or rejects with a conflict. `duplicate` says that the server has it already. */
  async publish(
    publication: Publication,
    losses?: number,
  ): Promise<{ readonly seq: number; readonly duplicate: boolean }> {
    const { subject, body, header, id, trustsServer } = publication;
    const after = (trustsServer ? this.#named.get(subject) : undefined) ?? publication.after;
    const headers = this.#connection.headers();
    headers.set(HEADER, header);
    const options = {
      headers,
      timeout: CLIENT_TIMEOUT,
      expect: { lastSubjectSequence: after },
      ...(id && { msgID: id }),
    };
    try {
      return await this.#connection.ask((js) => js.publish(subject, body, options), losses, body.length);
    } catch (error) {
      const named = isConflict(error) ? newestIn(error) : undefined;
      if (named !== undefined) this.#named.set(subject, named);
      throw error;
    }
  }

  /** Deletes the messages of a subject before this one. */
  async purge(filter: string, seq: number, losses: number): Promise<void> {
    await this.#connection.ask(({ streams }) => streams.purge(this.#name, { filter, seq }), losses);
  }

  /** Returns the newest message of a subject, by the leader of the stream. */
  async newest(subject: string): Promise<StoredMessage | undefined> {
    const query = { last_by_subj: subject };
    return (await this.#connection.ask(({ streams }) => streams.getMessage(this.#name, query))) ?? undefined;
  }

  /** Returns the subjects of all messages. */
  async subjects(): Promise<readonly string[]> {
    const query = { subjects_filter: ">" };
    const { state } = await this.#connection.ask(({ streams }) => streams.info(this.#name, query));
    return Object.keys(state.subjects ?? {});
  }

  /** True if this message exists. */
  async has(seq: number, losses: number): Promise<boolean> {
    return (await this.#connection.ask(({ streams }) => streams.getMessage(this.#name, { seq }), losses)) !== null;
  }

  /** True if any message exists from this one on. The server looks into the stream itself, and not at its counters. */
  async hasFrom(seq: number, losses: number): Promise<boolean> {
    const query = { seq, next_by_subj: ">" };
    return (await this.#connection.ask(({ streams }) => streams.getMessage(this.#name, query), losses)) !== null;
  }

  /** Deletes a message. A missing one is no error. */
  async delete(seq: number, losses: number): Promise<void> {
    try {
      await this.#connection.ask(({ streams }) => streams.deleteMessage(this.#name, seq, false), losses);
    } catch (error) {
      if (apiCode(error) === undefined) throw error;
    }
  }

  /** Makes the server send all messages from this one on to an address. */
  async consume(address: string, from: number): Promise<Beginning> {
    const { num_pending, created } = await this.#connection.ask(({ consumers }) =>
      consumers.add(this.#name, {
        deliver_subject: address,
        deliver_policy: "by_start_sequence",
        opt_start_seq: from,
        ack_policy: "none",
        replay_policy: "instant",
        flow_control: true,
        idle_heartbeat: 5e9,
        mem_storage: true,
        num_replicas: 1,
        inactive_threshold: 5e9,
      }),
    );
    return { waiting: num_pending, now: timeOf(Date.parse(created)) };
  }

  #info(): Promise<StreamInfo> {
    return this.#connection.ask(({ streams }) => streams.info(this.#name));
  }

  // If two processes make a stream at once, a server may keep one request in memory and the other on its disk (seen with 2.9).
  // After a restart it would use the other. An update writes the stream to the disk as it is in memory. No process publishes
  // before that, since the server may still replace the stream.
  async #settle(): Promise<StreamInfo> {
    await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, MAKING));
    const info = await this.#info();
    if (isSettled(info)) return info;
    const { description = "", subjects = [] } = info.config;
    const settled = { description: description.slice(0, -NEW.length), subjects };
    return this.#connection.ask(({ streams }) => streams.update(this.#name, settled));
  }

  // Many processes may start at once. A stream that another has just made is the right one.
  async #create(base: () => number): Promise<StreamInfo> {
    const config = configOf(this.#kind, { name: this.#name, begin: base(), replicas: this.#replicas });
    try {
      return await this.#connection.ask(({ streams }) => streams.add({ ...config }));
    } catch (error) {
      if (apiCode(error) === undefined) throw error;
      if (!overlaps(error)) return this.#info().catch(() => Promise.reject(error)); // another process may have made it
      const sentence = `another stream takes the subjects ${this.#name}.>: choose another name than`;
      throw new BusError("store", `${sentence} ${given(this.#name)}`, { cause: error, refused: true });
    }
  }

  #check(config: StreamConfig, begin: number): void {
    const wrong = wrongWith(config, this.#kind.subjectsOf(this.#name, begin), this.#kind);
    if (wrong === undefined) return;
    const sentence = `the stream ${given(this.#name)} cannot hold a ${this.#kind.title}, since ${wrong}`;
    throw new BusError("store", `${sentence}: choose another name, and nightbus makes the stream`, { refused: true });
  }
}

function isSettled({ config }: StreamInfo): boolean {
  return config.description?.endsWith(NEW) !== true;
}

/** The first id of an epoch that begins at a time as Go writes it. */
function epochOf(time: string): number {
  const fraction = /\.(\d+)/.exec(time)?.[1] ?? "";
  const ms = Date.parse(time.replace(/\.\d+/, "")) + Number(fraction.padEnd(9, "0").slice(0, 9)) / 1e6;
  return Math.floor(epochAt(ms));
}
