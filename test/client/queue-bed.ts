import type { Client } from "nightbus/client";
import { type QueueGivenUp, type QueueOptions, type QueueSent, queueOf } from "nightbus/client/queue";

/** A storage as a page sees `localStorage`. */
export class FakeStorage {
  readonly items = new Map<string, string>();
  /** Throws what the next write is refused with. */
  refuses: (key: string, value: string) => void = () => {};

  get length(): number {
    return this.items.size;
  }

  key(index: number): string | null {
    return [...this.items.keys()][index] ?? null;
  }

  getItem(key: string): string | null {
    return this.items.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.refuses(key, value);
    this.items.set(key, value);
  }

  removeItem(key: string): void {
    this.items.delete(key);
  }
}

/** A queue, and what its callbacks heard. */
export function heard(client: Client, options: Partial<QueueOptions> = {}) {
  const sent: QueueSent[] = [];
  const givenUp: QueueGivenUp[] = [];
  const errors: string[] = [];
  const queue = queueOf(client, {
    onSent: (send) => sent.push(send),
    onGivenUp: (send) => givenUp.push(send),
    onError: ({ code }) => errors.push(code),
    ...options,
  });
  return { queue, sent, givenUp, errors };
}
