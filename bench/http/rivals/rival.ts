/** The message that every rival sends to its readers. */
export interface Message {
  readonly from: string;
  readonly text: string;
  readonly n: number;
}

/** A notification as every rival puts it on the wire. */
export interface Sent {
  readonly id: number;
  readonly channel: "lobby";
  readonly message: Message;
}

/** A server to which readers connect. */
export interface Rival {
  /** The port on loopback. */
  readonly port: number;
  /** The processes that serve, if this process does not. */
  readonly processes?: readonly number[];
  /** Sends to all readers. Resolves once the server has the notification. */
  send(sent: Sent): unknown;
  /** Resolves with the number of held polls. */
  parked?(): Promise<number>;
  /** Ends what was started. */
  close?(): Promise<void>;
}

/** The text of a message, up to its number. All rivals write the same bytes, so that readers can look for them. */
export const TEXT_BEFORE_NUMBER = '"from":"user 7","text":"hello, this is a message","n":';

/** Returns the message of this number. */
export function messageOf(n: number): Message {
  return { from: "user 7", text: "hello, this is a message", n };
}
