import { randomBytes } from "node:crypto";
import { type Clock, systemClock, type Timer } from "../../util/clock.ts";
import { Unreachable } from "../shared/failures.ts";
import { RETRY_FOR, withTimeout } from "../shared/retry.ts";
import { whenSilent } from "../shared/silence.ts";
import {
  type Driver,
  type JetStream,
  loadDriver,
  movedOnConnection,
  type NatsConnection,
  type NatsMessage,
  TIMEOUT,
  unrefConnection,
} from "./driver.ts";
import { explained, Unanswered } from "./failures.ts";

/** The application's connection, or options to connect by. */
export type Source =
  | { readonly native: NatsConnection; readonly config?: never }
  | { readonly native?: never; readonly config: object };

/** The most bytes of a message, before the server has told its own bound. */
const USUAL_PAYLOAD = 2 ** 20;

/** The longest wait for an answer while bytes move, in ms: 64 MiB at 600 kB a second. */
const LONGEST = 120_000;

/**
 * The factor by which bytes on their way to the server lengthen a wait, since buffers of the system hide their movement. The
 * answer to a message of 1 MiB may take 16 s more, as over a link of 64 kB a second.
 */
const HIDDEN = 16;

/** A connection that reports its losses, so that no request waits for an answer that cannot come. */
export class Connection {
  readonly js: JetStream;
  readonly #native: NatsConnection;
  readonly #driver: Driver;
  readonly #isOurs: boolean;
  readonly #clock: Clock;
  readonly #unanswered = new Set<() => void>();
  readonly #returns = new Set<() => void>();
  #isUp: boolean;
  #losses = 0;
  /** The bytes of all messages without an answer. */
  #underway = 0;
  #isStopped = false;
  #maxPayload = USUAL_PAYLOAD;
  /** Called when the connection is back. */
  onReturn: () => void = () => {};
  /** Called when the connection is lost. */
  onLoss: () => void = () => {};

  private constructor(native: NatsConnection, isOurs: boolean, driver: Driver, js: JetStream, clock: Clock) {
    this.#native = native;
    this.#isOurs = isOurs;
    this.#driver = driver;
    this.#clock = clock;
    this.js = js;
    this.#isUp = native.info !== undefined && !native.isClosed();
    if (isOurs) unrefConnection(native);
    this.#watch().catch(() => this.#down()); // the next request then rejects
  }

  /** Connects. Rejects with `store` if the client is missing, or with `Unreachable`. */
  static async of({ native, config }: Source, clock: Clock): Promise<Connection> {
    const driver = await loadDriver();
    const connection = native ?? (await connect(driver, config).catch(unreachable));
    return new Connection(connection, native === undefined, driver, await driver.jetstream(connection), clock);
  }

  /** The number of losses so far. */
  get losses(): number {
    return this.#losses;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** The most bytes of a message with its headers. */
  get maxPayload(): number {
    this.#maxPayload = this.#native.info?.max_payload ?? this.#maxPayload;
    return this.#maxPayload;
  }

  headers(): ReturnType<Driver["headers"]> {
    return this.#driver.headers();
  }

  /**
   * Sends a request, and waits for a connection first. Rejects with `Unreachable` if nothing was sent, with `Unanswered` once
   * no answer can come, and otherwise as JetStream does. With `losses`, a loss since then rejects as well. `bytes` is the size
   * of the request.
   */
  async ask<T>(work: (js: JetStream) => Promise<T>, losses?: number, bytes = 0): Promise<T> {
    if (!this.#isUp) await this.#returned();
    if (losses !== undefined && losses !== this.#losses) throw new Unreachable("the connection was lost meanwhile");
    return new Promise<T>((resolve, reject) => {
      this.#underway += bytes;
      const over = (): void => {
        if (!this.#unanswered.delete(lost)) return;
        stop();
        this.#underway -= bytes;
      };
      const lost = (): void => {
        over();
        reject(new Unanswered("the connection was lost before an answer came"));
      };
      const stop = this.whenSilent(TIMEOUT, () => {
        over();
        this.#doubt();
        reject(new Unanswered("no answer came"));
      });
      this.#unanswered.add(lost);
      work(this.js)
        .then(resolve, (error) => {
          if ((error as Error).name === "TimeoutError") this.#doubt();
          reject(explained(error));
        })
        .finally(over);
    });
  }

  /** Calls back once, after a silence of `ms`. Returns a function that stops the wait. */
  whenSilent(ms: number, silent: () => void): () => void {
    const moved = (): string | undefined => movedOnConnection(this.#native);
    // Bytes come by the time of the machine, as do the client's own timeouts.
    return whenSilent({ clock: systemClock, ms, bytes: this.#underway * HIDDEN, most: LONGEST, moved }, silent);
  }

  /** Subscribes to a new address. Returns the address, and a function that ends the subscription. */
  subscribe(take: (message: NatsMessage) => void, fail: (error: Error) => void): { address: string; stop: () => void } {
    const { options } = this.#native as { options?: { inboxPrefix?: string } };
    const address = `${options?.inboxPrefix ?? "_INBOX"}.${randomBytes(12).toString("hex")}`;
    const subscription = this.#native.subscribe(address, {
      callback: (error, message) => (error === null ? take(message) : fail(error)),
    });
    return { address, stop: () => subscription.unsubscribe() };
  }

  /** Publishes an empty message. */
  publishEmpty(subject: string): void {
    if (!this.#native.isClosed()) this.#native.publish(subject);
  }

  async close(): Promise<void> {
    this.#isStopped = true;
    if (this.#isOurs) await withTimeout(this.#clock, this.#native.close());
  }

  async #watch(): Promise<void> {
    for await (const { type } of this.#native.status()) {
      if (this.#isStopped) return;
      if (type === "disconnect" || type === "close") this.#down();
      if (type === "reconnect") this.#up();
    }
  }

  #down(): void {
    if (!this.#isUp) return;
    this.#isUp = false;
    this.#losses += 1;
    for (const lost of this.#unanswered) lost();
    this.onLoss();
  }

  #up(): void {
    if (this.#isUp) return;
    if (this.#isOurs) unrefConnection(this.#native);
    this.#isUp = true;
    for (const tell of this.#returns) tell();
    this.onReturn();
  }

  /** Resolves when the connection is back. */
  async #returned(): Promise<void> {
    let timer: Timer;
    let tell = (): void => {};
    const isBack = await new Promise<boolean>((resolve) => {
      tell = () => resolve(true);
      this.#returns.add(tell);
      timer = this.#clock.setTimeout(() => resolve(false), RETRY_FOR);
    });
    this.#clock.clearTimeout(timer);
    this.#returns.delete(tell);
    if (!isBack) throw new Unreachable("there is no connection");
  }

  // Without an answer, either JetStream is slow, or the connection is dead. A flush tells: a dead one is made anew.
  #doubt(): void {
    const { losses } = this;
    const stop = this.whenSilent(TIMEOUT / 4, () => {
      if (losses === this.#losses && this.#isUp) this.#native.reconnect().catch(() => {}); // the client retries
    });
    this.#native.flush().then(stop, stop);
  }
}

/** Connects with a timeout, since the application's options may wait forever. */
function connect(driver: Driver, config: object): Promise<NatsConnection> {
  return new Promise((resolve, reject) => {
    let isLate = false;
    const timer = systemClock.setTimeout(() => {
      isLate = true;
      reject(new Error("the server accepted no connection"));
    }, RETRY_FOR);
    driver
      .connect(config)
      .then((native) => (isLate ? native.close() : resolve(native)))
      .catch(reject)
      .finally(() => systemClock.clearTimeout(timer));
  });
}

function unreachable(cause: unknown): never {
  throw new Unreachable((cause as Error).message, { cause });
}
