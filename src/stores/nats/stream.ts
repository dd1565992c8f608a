import { BusError, given } from "../../errors.ts";
import type { Clock } from "../../util/clock.ts";
import type { Connection } from "./connection.ts";
import { CLIENT_TIMEOUT, type StreamConfig, type StreamInfo } from "./driver.ts";
import { apiCode, isConflict, isMissing, newestIn, overlaps } from "./failures.ts";
import { subjectsOf, wrongWith } from "./stream-config.ts";
import { type Beginning, HEADER, timeOf } from "./wire.ts";

/** For how long JetStream recognises a message that comes twice, in ns. */
const TWICE = 120e9;

/** The most bytes of the headers of a message, and of what else it takes beside its body. */
const HEADERS = 512;

/** How a stream says where its log begins, since only its description is the same for all who make it at once. */
const BEGIN = /^A log of nightbus that begins at (\d+)(?: \(new\))?$/;

/** How the description of a stream ends that is not settled yet. */
const NEW = " (new)";

/** For so long, in ms, a server may still be making a stream that it was asked for at the same time as for the one that is there. */
const MAKING = 250;

/** What there is of a stream. */
export interface State {
  /** Where its log begins, which was fixed when it was created. */
  readonly begin: number;
  /** When it was created, by which it is told from another of its name. */
  readonly created: string;
  /** The numbers of its oldest and newest messages; the newest may be gone. */
  readonly first: number;
  readonly last: number;
}

export interface Publication {
  readonly subject: string;
  readonly body: Uint8Array;
  /** What it says of itself. */
  readonly header: string;
  /** By which it is recognised when it comes twice. */
  readonly id?: string;
  /** The number of the newest message on this subject, or nothing is published. */
  readonly after: number;
  /**
   * Goes by the number that the server named when it last refused: where the newest message was deleted, it may not know which
   * one is the newest now (seen of 2.9). All of the subject has been read anew since, so that nothing newer can be there.
   */
  readonly trustsServer?: boolean;
}

/** The stream of a log, by what is asked of the server. All of it rejects as `Connection.ask` does. */
export class Stream {
  readonly #name: string;
  readonly #replicas: number;
  readonly #connection: Connection;
  readonly #clock: Clock;
  #largest = Number.POSITIVE_INFINITY;
  /** The number that the server named when it last refused a publication, by subject. */
  readonly #named = new Map<string, number>();
  #begin = 0;

  constructor(connection: Connection, clock: Clock, { name, replicas }: { name: string; replicas: number }) {
    this.#connection = connection;
    this.#clock = clock;
    this.#name = name;
    this.#replicas = replicas;
  }

  /** The subject of the commits, which another log in a stream of this name has not. */
  get log(): string {
    return subjectsOf(this.#name, this.#begin)[0];
  }

  /** The subject of what is known of rows that are gone. */
  get marks(): string {
    return subjectsOf(this.#name, this.#begin)[1];
  }

  /** Turns to the log that begins there. */
  turnTo(begin: number): void {
    this.#begin = begin;
    this.#named.clear();
  }

  /** The most bytes of a message's body. */
  get room(): number {
    return Math.min(this.#connection.maxPayload, this.#largest) - HEADERS;
  }

  /** What there is of it; made with a log that begins at `base()` if it is missing. Rejects with `store` for a stream that cannot serve. */
  async ready(base: () => number): Promise<State> {
    const found = await this.#info().catch((error) => {
      if (isMissing(error)) return this.#create(base);
      throw error;
    });
    const info = isSettled(found) ? found : await this.#settle();
    if (info.config.max_msg_size > 0) this.#largest = info.config.max_msg_size;
    const { created, config, state } = info;
    const begin = Number(BEGIN.exec(config.description ?? "")?.[1] ?? micros(created));
    this.#check(config, begin);
    return { begin, created, first: state.first_seq, last: state.last_seq };
  }

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

  /** Deletes the messages of a subject that come before this one. */
  async purge(filter: string, seq: number, losses: number): Promise<void> {
    await this.#connection.ask(({ streams }) => streams.purge(this.#name, { filter, seq }), losses);
  }

  /** Whether this message is there. */
  async has(seq: number, losses: number): Promise<boolean> {
    return (await this.#connection.ask(({ streams }) => streams.getMessage(this.#name, { seq }), losses)) !== null;
  }

  /** True if there is any message from this one on. The server looks in the stream itself, not in what it counted. */
  async hasFrom(seq: number, losses: number): Promise<boolean> {
    const query = { seq, next_by_subj: ">" };
    return (await this.#connection.ask(({ streams }) => streams.getMessage(this.#name, query), losses)) !== null;
  }

  /** Deletes a message; one that is not there is no error. */
  async delete(seq: number, losses: number): Promise<void> {
    try {
      await this.#connection.ask(({ streams }) => streams.deleteMessage(this.#name, seq, false), losses);
    } catch (error) {
      if (apiCode(error) === undefined) throw error;
    }
  }

  /** Has everything from this message on sent to an address. */
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

  // Of two processes that make a stream at once, a server (seen of 2.9) may keep in memory what one of them asked for, and on its
  // disk what the other did, which it takes up when it is started again. What is updated is written down as it is in memory; nobody
  // publishes before, since what is there until then may be replaced.
  async #settle(): Promise<StreamInfo> {
    await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, MAKING));
    const info = await this.#info();
    if (isSettled(info)) return info;
    const { description = "", subjects = [] } = info.config;
    const settled = { description: description.slice(0, -NEW.length), subjects };
    return this.#connection.ask(({ streams }) => streams.update(this.#name, settled));
  }

  // Twenty processes may start at once: what another has just made is no other stream.
  async #create(base: () => number): Promise<StreamInfo> {
    const begin = base();
    const config: StreamConfig = {
      name: this.#name,
      description: `A log of nightbus that begins at ${begin}${NEW}`,
      subjects: subjectsOf(this.#name, begin),
      retention: "limits",
      storage: "file",
      discard: "new",
      max_msgs: -1,
      max_bytes: -1,
      max_age: 0,
      max_msgs_per_subject: -1,
      max_msg_size: -1,
      duplicate_window: TWICE,
      num_replicas: this.#replicas,
      allow_direct: true,
    };
    try {
      return await this.#connection.ask(({ streams }) => streams.add({ ...config }));
    } catch (error) {
      if (apiCode(error) === undefined) throw error;
      if (!overlaps(error)) return this.#info().catch(() => Promise.reject(error)); // another has made it, if it is there
      const sentence = `another stream takes the subjects ${this.#name}.>: choose another name than`;
      throw new BusError("store", `${sentence} ${given(this.#name)}`, { cause: error, refused: true });
    }
  }

  #check(config: StreamConfig, begin: number): void {
    const wrong = wrongWith(config, subjectsOf(this.#name, begin));
    if (wrong === undefined) return;
    const sentence = `the stream ${given(this.#name)} cannot hold a log, since ${wrong}`;
    throw new BusError("store", `${sentence}: choose another name, and nightbus makes the stream`, { refused: true });
  }
}

function isSettled({ config }: StreamInfo): boolean {
  return config.description?.endsWith(NEW) !== true;
}

/** Microseconds since 1970 of a time as Go writes it. */
function micros(time: string): number {
  const fraction = /\.(\d+)/.exec(time)?.[1] ?? "";
  const seconds = Date.parse(time.replace(/\.\d+/, "")) / 1000;
  return seconds * 1e6 + Number(fraction.padEnd(6, "0").slice(0, 6));
}
