import { BusError } from "../../errors.ts";
import type { Clock } from "../../util/clock.ts";
import { SingleFlight } from "../../util/single-flight.ts";
import type { EngineTime } from "../shared/engine-time.ts";
import type { Outage } from "../shared/outage.ts";
import { PollLoop } from "../shared/poll-loop.ts";
import type { Connection } from "./connection.ts";
import { Consumer, type Delivery } from "./consumer.ts";
import type { Cursor } from "./cursor.ts";
import type { NatsMessage } from "./driver.ts";
import { Unanswered } from "./failures.ts";
import type { Puzzle, Verdict } from "./puzzle.ts";
import type { State, Stream } from "./stream.ts";
import { idOf, readCommit } from "./wire.ts";

/** The pause between two looks, in ms, in case a message was overlooked. */
const PAUSE = 5_000;

/** The silence, in ms, after which missing messages are requested again. */
const STALL = 1_000;

/** The number of such stalls in a row after which the wait ends. */
const MOST_STALLS = 5;

/** The parts that a feed of NATS needs. */
export interface FeedOptions {
  readonly clock: Clock;
  readonly connection: Connection;
  readonly stream: Stream;
  readonly cursor: Cursor;
  readonly time: EngineTime;
  readonly outage: Outage;
}

/** Receives the messages of the stream, and knows if all have come. */
export class Feed {
  readonly #options: FeedOptions;
  readonly #reads = new SingleFlight(() => this.#catchUp());
  #consumer: Consumer | undefined;
  /** The number of the newest message that came. */
  #reached = 0;
  /** True if the server counts no more messages to deliver. */
  #isDrained = false;
  #breaks = 0;
  /** The time of the newest commit, in ms. No later commit gets an earlier one, whatever the server's clock does. */
  #newestAt = 0;
  #isNew = true;
  #created = "";
  /** The newest known message of the log, until it comes again. Another in its place shows that an older copy was restored. */
  #unconfirmed: Pick<Cursor, "seq" | "id"> | undefined;
  #isRefuted = false;
  #wake: () => void = () => {};
  readonly #polls: PollLoop;

  constructor(options: FeedOptions) {
    this.#options = options;
    const { clock, outage } = options;
    this.#polls = new PollLoop({ clock, outage, pause: () => PAUSE, work: () => this.catchUp() });
    options.connection.onLoss = () => this.#breakOff();
  }

  /** The number of times that the delivery broke off. */
  get breaks(): number {
    return this.#breaks;
  }

  /** True while it receives messages that follow the ones before. */
  get isLive(): boolean {
    return this.#consumer !== undefined && this.#unconfirmed === undefined;
  }

  /** Hands over all commits before the call. The first call replays the log. Rejects as `Connection.ask` does. */
  catchUp(): Promise<void> {
    return this.#reads.run();
  }

  /** Starts to look by itself: at intervals, and after a lost connection. */
  follow(): void {
    this.#options.connection.onReturn = () => void this.#polls.look();
    this.#polls.start();
    if (!this.isLive) void this.#polls.look();
  }

  /** Begins anew with the next look, as with another log. */
  startOver(): void {
    this.#breakOff();
    this.#isNew = true;
  }

  /** Ends the feed. */
  stop(): void {
    this.#polls.stop();
    this.#breakOff();
  }

  async #catchUp(): Promise<void> {
    const { clock, stream, cursor } = this.#options;
    for (let known: readonly Puzzle[] = []; ; ) {
      const newest = Math.max(this.#reached, cursor.seq, cursor.marks.seq);
      const { seq } = cursor;
      const state = await stream.ready(() => clock.base());
      if (this.#isAnother(state, newest, seq)) this.#begin(state);
      if (this.#consumer === undefined) await this.#consume(state.last);
      const verdict: Verdict = (await this.#reach(state.last)) ? cursor.settle(known) : { kind: "another log" };
      if (verdict.kind === "settled") return;
      if (verdict.kind === "another log") this.startOver();
      else known = verdict.puzzles;
    }
  }

  /** True if the stream is another than the one that was read so far. */
  #isAnother({ created, first, last }: State, newest: number, seq: number): boolean {
    if (this.#isNew || created !== this.#created || last < newest) return true;
    return seq > 0 && first > last; // another program has emptied it
  }

  #begin({ begin, created }: State): void {
    this.#breakOff();
    this.#options.stream.turnTo(begin);
    this.#options.cursor.reset(begin);
    this.#reached = 0;
    this.#newestAt = 0;
    this.#created = created;
    this.#isNew = false;
  }

  async #consume(last: number): Promise<void> {
    const { clock, connection, stream, cursor, time } = this.#options;
    // Nobody would end the delivery.
    if (this.#polls.isStopped) throw new BusError("store", "the store is closed", { refused: true });
    const consumer = new Consumer({
      connection,
      stream,
      onMessage: (message, delivery) => this.#receive(message, delivery),
      onBreak: () => this.#consumer === consumer && this.#breakOff(),
    });
    this.#consumer = consumer;
    const { seq, id } = cursor;
    this.#unconfirmed = seq === 0 ? undefined : { seq, id };
    this.#isRefuted = false;
    this.#isDrained = false;
    const asked = clock.monotonic();
    const { waiting, now } = await consumer.start(seq === 0 ? this.#reached + 1 : Math.min(seq, this.#reached + 1));
    if (now !== undefined) time.observe(now, asked);
    if (waiting > 0) return;
    // A server that has just started may count too few. All messages come even so, or are requested again.
    if (this.#unconfirmed !== undefined && (await stream.has(this.#unconfirmed.seq, connection.losses))) return;
    this.#reached = Math.max(this.#reached, last);
    this.#isRefuted = this.#unconfirmed !== undefined;
  }

  /** Waits for all messages up to this one. False if the newest known message is not in the stream any more. */
  async #reach(last: number): Promise<boolean> {
    const { connection, stream } = this.#options;
    let stalls = 0;
    while (this.#reached < last || this.#unconfirmed !== undefined) {
      if (this.#isRefuted) return false;
      const before = this.#reached;
      const isSilent = this.#isDrained ? false : await this.#next();
      if (this.#consumer === undefined) throw new Unanswered("the connection was lost before all was read");
      if (this.#reached > before) stalls = 0;
      if (!isSilent && !this.#isDrained) continue;
      // Either the newest messages are gone, which no delivery tells. Or the server counts too few, or lost its consumer.
      if (this.#unconfirmed === undefined && !(await stream.hasFrom(this.#reached + 1, connection.losses))) {
        this.#reached = Math.max(this.#reached, last);
        continue;
      }
      if (!isSilent) {
        this.#isDrained = false; // the server counted too few, and delivers more
        continue;
      }
      stalls += 1;
      if (stalls > MOST_STALLS) {
        throw new Unanswered(`message ${this.#reached + 1} of the stream, which has ${last}, did not come`);
      }
      this.#end();
      await this.#consume(last);
    }
    return true;
  }

  /** Waits for a message, or for the end of the delivery. True after a silence. */
  async #next(): Promise<boolean> {
    let stop = (): void => {};
    const isSilent = await new Promise<boolean>((resolve) => {
      this.#wake = () => resolve(false);
      stop = this.#options.connection.whenSilent(STALL, () => resolve(true));
    });
    stop();
    return isSilent;
  }

  #receive(message: NatsMessage, delivery: Delivery): void {
    const { stream, cursor, time } = this.#options;
    const { seq, at, pending } = delivery;
    this.#confirm(message, seq);
    this.#reached = Math.max(this.#reached, seq);
    this.#isDrained = pending === 0;
    if (at !== undefined) time.advance(at);
    if (this.#isRefuted) this.#wake();
    else if (message.subject === stream.log) this.#receiveCommit(message, delivery);
    else if (message.subject === stream.marks) cursor.takeMark(message, seq);
    this.#wake();
  }

  #confirm(message: NatsMessage, seq: number): void {
    const { cursor } = this.#options;
    if (this.#unconfirmed === undefined || seq < this.#unconfirmed.seq) return;
    if (seq > this.#unconfirmed.seq) cursor.doubt();
    else this.#isRefuted = idOf(message) !== this.#unconfirmed.id;
    if (!this.#isRefuted) this.#unconfirmed = undefined;
  }

  #receiveCommit(message: NatsMessage, { seq, at }: Delivery): void {
    const { cursor, outage } = this.#options;
    const id = idOf(message);
    if (seq <= cursor.seq) return; // this process sent it, and has handed it over
    const earliest = Math.max(this.#newestAt, cursor.at);
    const commit = readCommit(message, { seq, at, earliest }, cursor.expectedOf(id));
    this.#newestAt = Math.max(earliest, commit?.at ?? 0);
    if (commit === undefined) {
      cursor.skip(seq, id);
      outage.begin(
        new Error(`message ${seq} is none of this nightbus: did a newer one, or another program, publish it?`),
      );
    } else if (!cursor.takeCommit(commit)) void this.#polls.look();
  }

  #breakOff(): void {
    if (this.#options.cursor.isNew) this.#isNew = true; // nothing was handed over, so that another log may replace it
    this.#end();
  }

  #end(): void {
    const consumer = this.#consumer;
    this.#consumer = undefined;
    this.#breaks += 1;
    consumer?.stop();
    this.#wake();
  }
}
