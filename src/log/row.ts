import { BusError } from "../errors.ts";
import type { Channel, Notification } from "../notification.ts";

/** The length of what a row's text has beside its channel and its message, with an id of 16 digits. */
const AROUND = '{"id":1234567890123456,"channel":,"message":},'.length;

/** The channel that a row came on. */
export interface RowSource {
  readonly key: string;
  readonly channel: Channel;
}

/**
 * A row on its way to readers. All of them share this one object, so that a message is parsed at most once, and its HTTP
 * text is made at most once.
 */
export class SharedRow {
  readonly id: number;
  readonly #source: RowSource;
  readonly #json: string;
  #notification: Notification | undefined;
  #text: string | undefined;

  constructor(id: number, source: RowSource, json: string) {
    this.id = id;
    this.#source = source;
    this.#json = json;
  }

  /** What readers inside the process get, parsed when the first of them asks. Throws `store` where a store kept no JSON. */
  get notification(): Notification {
    this.#notification ??= {
      id: this.id,
      channel: this.#source.channel as string, // a Notification of any channel says no more of it than that it is one
      message: parse(this.id, this.#json),
    };
    return this.#notification;
  }

  /** What goes over HTTP. The message is written as it was sent and never parsed. */
  get text(): string {
    this.#text ??= this.parts.join("");
    return this.#text;
  }

  /** The text in parts, of which the middle one may be long: a text of its own would copy it. */
  get parts(): readonly [string, string, string] {
    return [`{"id":${this.id},"channel":${this.#source.key},"message":`, this.#json, "}"];
  }

  /** The text's length with what separates it from the next, in UTF-16 units, at least. */
  get size(): number {
    return sizeOf(this.#source.key, this.#json);
  }
}

/** The length of a row's text with what separates it from the next, in UTF-16 units, at least. */
export function sizeOf(key: string, json: string): number {
  return key.length + json.length + AROUND;
}

function parse(id: number, json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new BusError(
      "store",
      `the message of notification ${id} is no JSON: something else has written into the store`,
      {
        cause,
      },
    );
  }
}
