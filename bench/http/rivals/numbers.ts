import { TEXT_BEFORE_NUMBER } from "./rival.ts";

const MARK = Buffer.from(TEXT_BEFORE_NUMBER);
const NOTHING = Buffer.alloc(0);
const ZERO = 0x30;
const NINE = 0x39;

/** Finds the numbers of messages in the bytes that come, in whatever parts. Throws at one that is not the next. */
export class Numbers {
  /** The number of messages since the last reset. */
  count = 0;
  /** The number that comes next; undefined before the first. */
  next: number | undefined = undefined;
  /** The bytes that may be the beginning of a message. */
  #rest: Buffer = NOTHING;

  /** Reads bytes. Throws when a message comes twice, too late or too early. */
  take(bytes: Buffer): void {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let read = 0;
    for (;;) {
      const found = all.indexOf(MARK, read);
      const end = found === -1 ? all.length : endOfNumber(all, found + MARK.length);
      if (end === all.length) {
        this.#rest = all.subarray(found === -1 ? Math.max(read, all.length - MARK.length + 1) : found);
        return;
      }
      this.#found(Number.parseInt(all.toString("latin1", found + MARK.length, end), 10));
      read = end;
    }
  }

  /** Forgets the beginning of a message, because a connection ended. */
  break(): void {
    this.#rest = NOTHING;
  }

  #found(number: number): void {
    if (Number.isNaN(number)) throw new Error("a message has no number");
    if (this.next !== undefined && number !== this.next) throw new Error(`message ${number} came for ${this.next}`);
    this.next = number + 1;
    this.count += 1;
  }
}

function endOfNumber(bytes: Buffer, from: number): number {
  let end = from;
  while (end < bytes.length && bytes[end]! >= ZERO && bytes[end]! <= NINE) end += 1;
  return end;
}
