import type { Clock } from "../../clock.ts";
import { BusError } from "../../errors.ts";
import { every } from "../shared/patience.ts";
import type { Trouble } from "../shared/trouble.ts";
import { ask } from "./ask.ts";
import type { Connections } from "./connections.ts";
import { makeClient } from "./driver.ts";
import { condemns } from "./failures.ts";
import type { Follower } from "./follower.ts";
import { Listener } from "./listener.ts";
import type { Ask } from "./tables.ts";

/** How often one looks in case a notification was lost, in ms. */
const BEAT = 5_000;

/** After so many looks in a row that found what no notification had told, they are not coming through. */
const DEAF = 3;

export interface TailOptions {
  readonly clock: Clock;
  readonly connections: Connections;
  /** How to connect in order to LISTEN, where the pool's way does not serve. */
  readonly listen: object | undefined;
  /** The name that is notified. */
  readonly channel: string;
  /** This process, among those that notify. */
  readonly node: string;
  readonly trouble: Trouble;
}

/** Looks for what others commit: when they notify, when the connection was lost, and every five seconds all the same. */
export class Tail {
  readonly #options: TailOptions;
  readonly #listener: Listener;
  #follower: Follower | undefined;
  #move: () => void = () => {};
  #stopBeat: () => void = () => {};
  #deaf = 0;
  #isDoubted = false;
  #isKnownDeaf = false;
  #stopped = false;

  constructor(options: TailOptions) {
    const { clock, connections, listen, channel, trouble } = options;
    this.#options = options;
    this.#listener = new Listener({
      clock,
      make: () => makeClient(connections.pool, listen),
      channel: `"${channel.replaceAll('"', '""')}"`,
      notified: (payload) => this.#notified(payload),
      connected: () => void this.#look(),
      failed: (error) => trouble.failed(error),
    });
  }

  /** Begins to listen, before anything is read, so that nothing is committed in between. Never rejects. */
  listen(): Promise<void> {
    return this.#listener.start();
  }

  /** From now on what is heard is read; `move` is called when something waits in the outbox. */
  follow(follower: Follower, move: () => void): void {
    this.#follower = follower;
    this.#move = move;
    this.#stopBeat = every(this.#options.clock, BEAT, () => void this.#beat());
    void this.#look();
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
    this.#stopped = true;
    this.#stopBeat();
    await this.#listener.stop();
  }

  #notified(payload: string): void {
    this.#deaf = 0;
    this.#isKnownDeaf = false;
    const [id, node] = payload.split(" ");
    if (payload === "") this.#move();
    else if (node !== this.#options.node && Number(id) > (this.#follower?.seen ?? 0)) void this.#look();
  }

  /** Reads what there is, in passing: what goes wrong is reported, and the next look tries again. */
  async #look(): Promise<void> {
    const { trouble } = this.#options;
    try {
      await this.#follower?.catchUp();
      trouble.worked();
    } catch (error) {
      if (!this.#stopped) trouble.failed(error);
    }
  }

  async #beat(): Promise<void> {
    const seen = this.#follower?.seen;
    this.#deaf += 1;
    if (this.#isDoubted) this.#listener.renew();
    this.#isDoubted = false;
    await this.#look();
    if (this.#listener.client === undefined || this.#follower?.seen === seen) this.#deaf = 0;
    if (this.#deaf < DEAF || this.#isKnownDeaf) return;
    this.#isKnownDeaf = true;
    this.#options.trouble.failed(
      new BusError(
        "store",
        "Postgres's notifications do not come through, so that what other processes send is seen only every five seconds: " +
          "behind a transaction pooler, give postgres() a direct connection as the option listen",
        { refused: true },
      ),
    );
  }
}
