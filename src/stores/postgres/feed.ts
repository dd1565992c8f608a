import { BusError } from "../../errors.ts";
import type { Clock } from "../../util/clock.ts";
import type { Outage } from "../shared/outage.ts";
import { PollLoop } from "../shared/poll-loop.ts";
import type { RemoteCursor } from "../shared/remote-cursor.ts";
import { ask } from "./ask.ts";
import type { Connections } from "./connections.ts";
import { makeClient } from "./driver.ts";
import { condemns } from "./failures.ts";
import { Listener } from "./listener.ts";
import type { Ask } from "./tables.ts";

/** How often one looks in case a notification was lost, in ms. */
const BEAT = 5_000;

/** After so many looks in a row that found what no notification had told, they are not coming through. */
const DEAF = 3;

export interface FeedOptions {
  readonly clock: Clock;
  readonly connections: Connections;
  /** How to connect in order to LISTEN, where the pool's way does not serve. */
  readonly listen: object | undefined;
  /** The name that is notified. */
  readonly channel: string;
  /** This process, among those that notify. */
  readonly node: string;
  readonly outage: Outage;
}

/** Looks for what others commit: when they notify, when the connection was lost, and every five seconds all the same. */
export class Feed {
  readonly #options: FeedOptions;
  readonly #listener: Listener;
  readonly #polls: PollLoop;
  #cursor: RemoteCursor | undefined;
  #move: () => void = () => {};
  #deaf = 0;
  #isDoubted = false;
  #isKnownDeaf = false;

  constructor(options: FeedOptions) {
    const { clock, connections, listen, channel, outage } = options;
    this.#options = options;
    this.#polls = new PollLoop({
      clock,
      outage,
      pause: () => BEAT,
      turn: () => this.#beat(),
      work: () => this.#cursor?.catchUp(),
    });
    this.#listener = new Listener({
      clock,
      make: () => makeClient(connections.pool, listen),
      channel: `"${channel.replaceAll('"', '""')}"`,
      notified: (payload) => this.#notified(payload),
      connected: () => void this.#polls.look(),
      failed: (error) => outage.begin(error),
    });
  }

  /** Begins to listen, before anything is read, so that nothing is committed in between. Never rejects. */
  listen(): Promise<void> {
    return this.#listener.start();
  }

  /** From now on what is heard is read; `move` is called when something waits in the outbox. */
  follow(cursor: RemoteCursor, move: () => void): void {
    this.#cursor = cursor;
    this.#move = move;
    this.#polls.start();
    void this.#polls.look();
  }

  /** Reads by the connection that listens, which tells whether it still does; by any other while there is none. */
  ask: Ask = async (text, values) => {
    const { client } = this.#listener;
    if (client === undefined) return this.#options.connections.ask(text, values);
    try {
      return await ask(client, text, values);
    } catch (error) {
      if (this.#listener.client === client && condemns(error)) this.#listener.renew();
      throw error;
    }
  };

  /** Connects anew with the next beat: the connection that listens may be one of before a failover. */
  doubt(): void {
    this.#isDoubted = true;
  }

  async stop(): Promise<void> {
    this.#polls.stop();
    await this.#listener.stop();
  }

  #notified(payload: string): void {
    this.#deaf = 0;
    this.#isKnownDeaf = false;
    const [id, node] = payload.split(" ");
    if (payload === "") this.#move();
    else if (node !== this.#options.node && Number(id) > (this.#cursor?.seen ?? 0)) void this.#polls.look();
  }

  async #beat(): Promise<void> {
    const seen = this.#cursor?.seen;
    this.#deaf += 1;
    if (this.#isDoubted) this.#listener.renew();
    this.#isDoubted = false;
    await this.#polls.look();
    if (this.#listener.client === undefined || this.#cursor?.seen === seen) this.#deaf = 0;
    if (this.#deaf < DEAF || this.#isKnownDeaf) return;
    this.#isKnownDeaf = true;
    this.#options.outage.begin(
      new BusError(
        "store",
        "Postgres's notifications do not come through, so that what other processes send is seen only every five seconds: " +
          "behind a transaction pooler, give postgres() a direct connection as the option listen",
        { refused: true },
      ),
    );
  }
}
