import type { Batch } from "nightbus";

/** The result of many readers that were woken. */
export interface Woken {
  readonly readers: number;
  /** The sum of the numbers that they were sent. */
  readonly sum: number;
}

type Message = { readonly n: number };

/** Reads the answers of many polls, and resolves after the last. The same code reads the bus and its rivals. */
export class Readers {
  readonly done: Promise<void>;
  readonly #all: number;
  #readers = 0;
  #sum = 0;
  #finish!: () => void;

  constructor(all: number) {
    this.#all = all;
    this.done = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  /** The sum of the readers so far. */
  get woken(): Woken {
    return { readers: this.#readers, sum: this.#sum };
  }

  /** One reader awaits its answer. */
  await(answer: Promise<Batch<{ readonly message: unknown }> | readonly { readonly message: unknown }[]>): void {
    answer.then(this.#read);
  }

  readonly #read = (answer: readonly { readonly message: unknown }[]): void => {
    for (const { message } of answer) this.#sum += (message as Message).n;
    this.#readers += 1;
    if (this.#readers === this.#all) this.#finish();
  };
}

/** The answer of a bus's poll, with which an array of resolvers resolves. */
export type Answer = readonly { readonly id: number; readonly channel: string; readonly message: Message }[];

/** Wakes one reader. */
export type Resolver = (answer: Answer) => void;
