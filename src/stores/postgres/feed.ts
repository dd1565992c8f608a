import { BusError } from "../../errors.ts";
import type { Clock } from "../../util/clock.ts";
import type { Outage } from "../shared/outage.ts";
import { PollLoop } from "../shared/poll-loop.ts";
import type { RemoteCursor } from "../shared/remote-cursor.ts";
import { ask } from "./ask.ts";
import { makeClient } from "./driver.ts";
import { condemns } from "./failures.ts";
import { Listener } from "./listener.ts";
import type { Connections } from "./pool.ts";
import type { Ask } from "./tables.ts";

/** The pause between two looks, in ms, in case a notification was lost. */
const PAUSE = 5_000;

/** The number of looks in a row that find news without a notification, after which the connection counts as deaf. */
const DEAF = 3;

/** The parts of an outage that are the listener's. */
const LISTENING = "listening";
const DEAFNESS = "deafness";

/** The parts that a feed of Postgres needs. */
export interface FeedOptions {
  readonly clock: Clock;
  readonly connections: Connections;
  /** The config of a connection that can LISTEN. Undefined if the pool's own can. */
  readonly listen: object | undefined;
  /** The name to LISTEN to. */
  readonly channel: string;
  /** The name of this process in notifications. */
  readonly node: string;
  readonly outage: Outage;
}

/** Looks for the commits of others: after a notification, after a lost connection, and every five seconds all the same. */
export class Feed {
  readonly #options: FeedOptions;
  readonly #listener: Listener;
  readonly #polls: PollLoop;
  #cursor: RemoteCursor | undefined;
  #move: () => void = () => {};
  #deaf = 0;
  #isDoubted = false;
  /** The number of commits of this process that may come yet. */
  #unsure = 0;
  #isKnownDeaf = false;

  constructor(options: FeedOptions) {
    const { clock, connections, listen, channel, outage } = options;
    this.#options = options;
    this.#polls = new PollLoop({
      clock,
      outage,
      pause: () => PAUSE,
      turn: () => this.#turn(),
      work: () => this.#cursor?.catchUp(),
    });
    this.#listener = new Listener({
      clock,
      make: () => makeClient(connections.pool, listen),
      channel: `"${channel.replaceAll('"', '""')}"`,
      onNotification: (payload) => this.#hear(payload),
      onListening: () => {
        outage.end(LISTENING);
        void this.#polls.look();
      },
      onFailure: (error) => outage.begin(error, LISTENING),
    });
  }

  /** Listens. The log is read after that, so that no commit is overlooked. Never rejects. */
  listen(): Promise<void> {
    return this.#listener.start();
  }

  /** Reads with this cursor from now on, whenever it hears of a commit. Calls `move` if the outbox holds something. */
  follow(cursor: RemoteCursor, move: () => void): void {
    this.#cursor = cursor;
    this.#move = move;
    this.#polls.start();
    void this.#polls.look();
  }

  /** Reads on the connection that listens, which proves that it still works. Without one, reads on any other. */
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

  /** Looks for a commit of this process whose answer was lost, now and at its notification. */
  lookForOwn(): void {
    this.#unsure += 1;
    void this.#polls.look();
  }

  /** Connects anew at the next turn, since the connection may lead to the old server after a failover. */
  doubt(): void {
    this.#isDoubted = true;
  }

  async stop(): Promise<void> {
    this.#polls.stop();
    await this.#listener.stop();
  }

  #hear(payload: string): void {
    this.#deaf = 0;
    this.#isKnownDeaf = false;
    const [id, node] = payload.split(" ");
    const isNews = Number(id) > (this.#cursor?.seen ?? 0);
    if (payload === "") this.#move();
    else if (isNews && node !== this.#options.node) void this.#polls.look();
    else if (isNews && this.#unsure > 0) {
      this.#unsure -= 1;
      void this.#polls.look();
    }
  }

  async #turn(): Promise<void> {
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
        "Postgres's notifications do not come through, so that sends of other processes are seen only every five seconds: " +
          "behind a transaction pooler, give postgres() a direct connection as the option listen",
        { refused: true },
      ),
      DEAFNESS,
    );
    this.#options.outage.end(DEAFNESS); // the notice is no failure of the looks
  }
}
