import { BusError } from "../errors.ts";
import type { Channel, Notification } from "../notification.ts";

/** The length of a row's text without its channel and message, for an id of 16 digits. */
const AROUND = '{"id":1234567890123456,"channel":,"message":},'.length;

/** The channel of a row. */
export interface RowSource {
  readonly key: string;
  readonly channel: Channel;
}

/**
 * A row on its way to readers. All readers share this object, so its message is parsed at most once, and its HTTP text
 * is made at most once.
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

  /**
   * The notification for readers inside the process, frozen, and parsed at the first request. Its message is not frozen. Throws
   * `store` if a store kept text that is not JSON.
   */
  get notification(): Notification {
    this.#notification ??= Object.freeze({
      id: this.id,
      channel: this.#source.channel as string, // the type only says that it is some notification
      message: parse(this.id, this.#json),
    });
    return this.#notification;
  }

  /** The channel. */
  get channel(): Channel {
    return this.#source.channel;
  }

  /** The channel's key. */
  get key(): string {
    return this.#source.key;
  }

  /** The text of the message, as it was sent. */
  get json(): string {
    return this.#json;
  }

  /** The text for HTTP. The message is written as it was sent, and never parsed. */
  get text(): string {
    this.#text ??= this.parts.join("");
    return this.#text;
  }

  /** The text in parts. The middle part may be long, and a joined text would copy it. */
  get parts(): readonly [string, string, string] {
    return [`{"id":${this.id},"channel":${this.#source.key},"message":`, this.#json, "}"];
  }

  /** A lower bound of the text's length with the separator, in UTF-16 units. */
  get size(): number {
    return sizeOf(this.#source.key, this.#json);
  }
}

/** Returns a lower bound of the length of a row's text with the separator, in UTF-16 units. */
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
