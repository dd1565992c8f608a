import { randomBytes } from "node:crypto";
import { type Clock, systemClock, type Timer } from "../../util/clock.ts";
import { Unreachable } from "../shared/failures.ts";
import { RETRY_FOR, withTimeout } from "../shared/retry.ts";
import { whenSilent } from "../shared/silence.ts";
import {
  type Driver,
  type JetStream,
  letGo,
  loadDriver,
  movedOnConnection,
  type NatsConnection,
  type NatsMessage,
  TIMEOUT,
} from "./driver.ts";
import { explained, Unanswered } from "./failures.ts";

/** A connection of the application's, or how to connect. */
export type Source =
  | { readonly native: NatsConnection; readonly config?: never }
  | { readonly native?: never; readonly config: object };

/** The most that is sent at once where the server has not said. */
const USUAL_PAYLOAD = 2 ** 20;

/** The longest wait for an answer, in ms, while bytes move: 64 MiB at 600 kB a second. */
const LONGEST = 120_000;

/**
 * The factor by which bytes on their way to the server lengthen a wait: buffers of the system hide whether they
 * move. The answer to a message of 1 MiB may take 16 s more, which is a link of 64 kB a second.
 */
const HIDDEN = 16;

/** A connection whose losses are told, so that nobody waits for an answer that cannot come. */
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
  /** The bytes of messages whose answers have not come. */
  #underway = 0;
  #isStopped = false;
  #maxPayload = USUAL_PAYLOAD;
  /** It is there, again. */
  connected: () => void = () => {};
  /** It was lost. */
  lost: () => void = () => {};

  private constructor(native: NatsConnection, isOurs: boolean, driver: Driver, js: JetStream, clock: Clock) {
    this.#native = native;
    this.#isOurs = isOurs;
    this.#driver = driver;
    this.#clock = clock;
    this.js = js;
    this.#isUp = native.info !== undefined && !native.isClosed();
    if (isOurs) letGo(native);
    this.#watch().catch(() => this.#down()); // whoever asks then is told
  }

  /** Connects. Rejects with `store` where the client is missing, or with `Unreachable`. */
  static async of({ native, config }: Source, clock: Clock): Promise<Connection> {
    const driver = await loadDriver();
    const connection = native ?? (await connect(driver, config).catch(unreachable));
    return new Connection(connection, native === undefined, driver, await driver.jetstream(connection), clock);
  }

  /** How often it was lost so far. */
  get losses(): number {
    return this.#losses;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** The most bytes of one message with its headers. */
  get maxPayload(): number {
    this.#maxPayload = this.#native.info?.max_payload ?? this.#maxPayload;
    return this.#maxPayload;
  }

  headers(): ReturnType<Driver["headers"]> {
    return this.#driver.headers();
  }

  /**
   * Asks the server when there is a connection. Rejects with `Unreachable` when nothing was asked, with `Unanswered` as soon as
   * no answer can come, and else as JetStream does. With `losses`, only if none came since. `bytes` is the size of what is asked.
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

  /** Calls back once, when no byte has come or gone for so many ms. Returns how to stop. */
  whenSilent(ms: number, silent: () => void): () => void {
    const moved = (): string | undefined => movedOnConnection(this.#native);
    // By the machine's clock, as the client's own timeouts: bytes come in its time.
    return whenSilent({ clock: systemClock, ms, bytes: this.#underway * HIDDEN, most: LONGEST, moved }, silent);
  }

  /** Hears what is sent to an address of its own. Returns the address, and how to stop. */
  hear(heard: (message: NatsMessage) => void, failed: (error: Error) => void): { address: string; stop: () => void } {
    const { options } = this.#native as { options?: { inboxPrefix?: string } };
    const address = `${options?.inboxPrefix ?? "_INBOX"}.${randomBytes(12).toString("hex")}`;
    const subscription = this.#native.subscribe(address, {
      callback: (error, message) => (error === null ? heard(message) : failed(error)),
    });
    return { address, stop: () => subscription.unsubscribe() };
  }

  say(subject: string): void {
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
    this.lost();
  }

  #up(): void {
    if (this.#isUp) return;
    if (this.#isOurs) letGo(this.#native);
    this.#isUp = true;
    for (const tell of this.#returns) tell();
    this.connected();
  }

  /** Resolves when it is there again. */
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

  // Nothing came back: either JetStream is slow, or the connection is dead and nobody has told us.
  #doubt(): void {
    const { losses } = this;
    const stop = this.whenSilent(TIMEOUT / 4, () => {
      if (losses === this.#losses && this.#isUp) this.#native.reconnect().catch(() => {}); // it is tried again, and told
    });
    this.#native.flush().then(stop, stop);
  }
}

/** Rejects after a while also where the application's options wait for the first connection for ever. */
function connect(driver: Driver, config: object): Promise<NatsConnection> {
  return new Promise((resolve, reject) => {
    let isLate = false;
    const timer = systemClock.setTimeout(() => {
      isLate = true;
      reject(new Error("the server did not let us in"));
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
