import { BusError } from "../../errors.ts";
import type { Driver, NatsMessage, StreamInfo } from "./driver.ts";
import { apiCode, isDeleted, isGone, isThere } from "./failures.ts";
import { type Commit, HEADERS_BYTES, type Marks, readCommit, readMarks, type Written } from "./wire.ts";

/** Where a stream stands. */
export interface Standing {
  /** When it was made, by which it is told from another. */
  readonly created: string;
  readonly last: number;
  /** How many messages are in it. */
  readonly messages: number;
}

/** A message of the stream. */
export interface Delivered {
  readonly seq: number;
  /** How many follow that are there already. */
  readonly pending: number;
  /** What nightbus has written, if it has. It is decoded when it is asked for: what was sent here need not be. */
  readonly contents: () => Contents;
}

/** What is in a message. */
export interface Contents {
  /** By which its sender knows it. */
  readonly name: string;
  readonly commit: Commit | undefined;
  readonly marks: Marks | undefined;
}

/** How a stream is read. */
export interface Reading {
  readonly message: (message: Delivered) => void;
  /** A message was left out: it has to be read anew. */
  readonly broken: () => void;
}

const SECOND = 1_000_000_000;

/** How long the server remembers the names of messages, so that none is kept twice. */
const NAMES = 120 * SECOND;

/** Messages that are deleted at once. */
const AT_ONCE = 50;

/** How often it shows that it is there while nothing comes. */
const HEARTBEAT = 5 * SECOND;

/** The stream of one log: its commits on one subject, its marks on another. */
export class Stream {
  readonly #name: string;
  readonly #driver: Driver;
  readonly #replicas: number;

  constructor(driver: Driver, name: string, replicas: number) {
    this.#driver = driver;
    this.#name = name;
    this.#replicas = replicas;
  }

  /** The most bytes of what one message holds. */
  get maxBytes(): number {
    return (this.#driver.connection.info?.max_payload ?? 2 ** 20) - HEADERS_BYTES;
  }

  get #log(): string {
    return `${this.#name}.log`;
  }

  get #marks(): string {
    return `${this.#name}.marks`;
  }

  /** Makes the stream if it is missing. Rejects with `store` where another has its name. */
  async create(): Promise<void> {
    const subjects = [this.#log, this.#marks];
    const config = {
      name: this.#name,
      subjects,
      storage: "file",
      retention: "limits",
      discard: "new",
      num_replicas: this.#replicas,
      duplicate_window: NAMES,
    };
    const { streams } = this.#driver.manager;
    const there = (await this.#info()) ?? (await streams.add(config).catch((error) => this.#unlessThere(error)));
    const known = (there as StreamInfo | undefined) ?? (await streams.info(this.#name));
    if (subjects.every((subject) => known.config.subjects.includes(subject)) && known.config.sealed !== true) return;
    throw new BusError(
      "store",
      `the stream ${JSON.stringify(this.#name)} is none of nightbus's, since it has other subjects than ${subjects.join(" and ")}: ` +
        "name another with the option stream",
      { refused: true },
    );
  }

  /** Makes it, and answers where it stands then. */
  async made(): Promise<Standing> {
    await this.create();
    const standing = await this.standing();
    if (standing === undefined) throw new BusError("store", "NATS does not keep nightbus's stream", { refused: true });
    return standing;
  }

  /** Where it stands; undefined when it is not there. */
  async standing(): Promise<Standing | undefined> {
    const info = await this.#info();
    if (info === undefined) return undefined;
    const { created, state } = info;
    return { created, last: state.last_seq, messages: state.messages };
  }

  writeCommit(written: Written, name: string, after: number): Promise<number> {
    return this.#write(this.#log, written, name, after);
  }

  writeMarks(written: Written, name: string, after: number): Promise<number> {
    return this.#write(this.#marks, written, name, after);
  }

  /** Reads from a message on. Resolves with how many are there already, and how to stop. */
  async read(
    from: number,
    { message, broken }: Reading,
  ): Promise<{ readonly pending: number; readonly stop: () => void }> {
    const { connection, manager, inbox } = this.#driver;
    const subject = inbox();
    let delivered = 0;
    const subscription = connection.subscribe(subject, {
      callback: (error, raw) => {
        if (error !== null || raw.headers?.code === 100) {
          if (raw?.reply) raw.respond(); // it asks whether it may go on
          return;
        }
        const { seq, place, pending } = deliveryOf(raw.reply ?? "");
        delivered += 1;
        if (place !== delivered) return broken();
        message({ seq, pending, contents: () => this.#contents(raw) });
      },
    });
    try {
      const { num_pending: pending } = await manager.consumers.add(this.#name, {
        deliver_subject: subject,
        deliver_policy: "by_start_sequence",
        opt_start_seq: from,
        ack_policy: "none",
        max_deliver: 1,
        mem_storage: true,
        num_replicas: 1,
        flow_control: true,
        idle_heartbeat: HEARTBEAT,
      });
      // The server ends a consumer that nobody listens to.
      return { pending, stop: () => subscription.unsubscribe() };
    } catch (error) {
      subscription.unsubscribe();
      throw error;
    }
  }

  /** The name of a message; undefined when it is not there. */
  async nameOf(seq: number): Promise<string | undefined> {
    try {
      const found = await this.#driver.manager.streams.getMessage(this.#name, { seq });
      return found?.header.get("Nats-Msg-Id");
    } catch (error) {
      if (!isDeleted(error)) throw error;
      return undefined;
    }
  }

  /** Deletes messages, all commits before the oldest that is kept in one go. It may be done twice. */
  async delete(seqs: readonly number[], oldest: number): Promise<void> {
    const { streams } = this.#driver.manager;
    const single = seqs.filter((seq) => seq > oldest);
    if (single.length < seqs.length && Number.isFinite(oldest)) {
      await streams.purge(this.#name, { filter: this.#log, seq: oldest });
    }
    for (let from = 0; from < single.length; from += AT_ONCE) {
      const some = single.slice(from, from + AT_ONCE);
      await Promise.all(some.map((seq) => streams.deleteMessage(this.#name, seq, false).catch(ignoreAnswer)));
    }
  }

  /** Deletes the marks before a message. It may be done twice. */
  async deleteMarks(before: number): Promise<void> {
    await this.#driver.manager.streams.purge(this.#name, { filter: this.#marks, seq: before });
  }

  #contents(message: NatsMessage): Contents {
    const { subject, headers } = message;
    const header = (name: string): string => headers?.get(name) ?? "";
    return {
      name: header("Nats-Msg-Id"),
      commit: subject === this.#log ? readCommit(header, message.string()) : undefined,
      marks: subject === this.#marks ? readMarks(message.string()) : undefined,
    };
  }

  async #write(subject: string, { headers, payload }: Written, name: string, after: number): Promise<number> {
    const { seq } = await this.#driver.manager.jetstream().publish(subject, payload, {
      msgID: name,
      headers: this.#driver.headers(headers),
      expect: { streamName: this.#name, lastSequence: after },
      timeout: 2_000,
      retries: 0,
    });
    return seq;
  }

  async #info(): Promise<StreamInfo | undefined> {
    try {
      return await this.#driver.manager.streams.info(this.#name);
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  }

  #unlessThere(error: unknown): undefined {
    if (!isThere(error)) throw error;
    return undefined;
  }
}

/** Where a delivery stands, as the subject tells that acknowledges it: `$JS.ACK`, perhaps a domain and an account, then this. */
function deliveryOf(reply: string): { readonly seq: number; readonly place: number; readonly pending: number } {
  const tokens = reply.split(".");
  const [, , , seq, place, , pending] = tokens.slice(tokens.length === 9 ? 2 : 4).map(Number) as number[];
  return { seq: seq!, place: place!, pending: pending! };
}

// Whoever deletes it first is answered that it is deleted, and the others that it is not there.
function ignoreAnswer(error: unknown): void {
  if (apiCode(error) === undefined) throw error;
}
