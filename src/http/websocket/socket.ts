// Longer than 250 lines: the small methods of three interfaces, which share the state of one socket.

import type { Following } from "../../core/following.ts";
import type { Answer } from "../../log/answer.ts";
import type { SharedRow } from "../../log/row.ts";
import { channelOf } from "../../notification.ts";
import { LoneSignal, type Signal } from "../../util/abort.ts";
import { refusalOf } from "../endpoint/refusal.ts";
import type { Sink } from "../endpoint/request.ts";
import type { Stream } from "../streaming/stream.ts";
import type { Beating, Ending } from "../streaming/stream-kind.ts";
import type { Admission } from "./admissions.ts";
import { Allowance } from "./allowance.ts";
import { type Close, ENDINGS, EXPIRED, FAULT, TRY_LATER } from "./close-codes.ts";
import { decided, told } from "./decided.ts";
import { frameIn, isKeepAlive } from "./frame.ts";
import { againAt, type Message, messageAt } from "./messages.ts";
import type { User } from "./options.ts";
import { PresenceReport, type Reporter } from "./presence-report.ts";
import { type SocketContext, type Subscriber, Subscriptions } from "./subscriptions.ts";
import type { Wire, WireListener } from "./wire.ts";

/** The client of one socket, as its handshake showed it. */
export interface Client<Context> {
  readonly context: Context;
  readonly user: User | undefined;
  /** The version in the address of the socket. */
  readonly version: string | undefined;
}

/** The time in which a client must answer a ping, in ms. */
const PONG = 15_000;

/** The WebSocket of one client: its frames, its pings and its end. A stream gives it notifications. */
export class Socket<C extends object, Context> implements Sink, Subscriber<Context>, Reporter<Context>, WireListener {
  readonly #shared: SocketContext<C, Context>;
  readonly #wire: Wire;
  readonly #client: Client<Context>;
  readonly #allowance = new Allowance();
  readonly #subscriptions: Subscriptions<C, Context>;
  readonly #admission: Admission;
  #presence: PresenceReport<Context> | undefined;
  #stream: Stream<Socket<C, Context>> | undefined = undefined;
  #keys: readonly string[] = [];
  #heardAt: number;
  /** The time of a ping that was not answered yet, by the monotonic clock. */
  #pingedAt: number | undefined = undefined;
  #close: Close | undefined = undefined;
  #gone: LoneSignal | undefined = undefined;
  #isGone = false;

  /** The admission is given back when the connection has closed. */
  constructor(shared: SocketContext<C, Context>, wire: Wire, client: Client<Context>, admission: Admission) {
    this.#shared = shared;
    this.#wire = wire;
    this.#client = client;
    this.#admission = admission;
    this.#heardAt = shared.hub.clock.monotonic();
    this.#subscriptions = new Subscriptions(shared, this);
  }

  get context(): Context {
    return this.#client.context;
  }

  get version(): string | undefined {
    return this.#client.version;
  }

  get signal(): Signal {
    this.#gone ??= new LoneSignal();
    if (this.#isGone) this.#gone.abort(GONE);
    return this.#gone;
  }

  get isOpen(): boolean {
    return this.#stream?.hasEnded === false;
  }

  get unsent(): number {
    return this.#wire.unsent;
  }

  /** Begins to take frames. Undefined is a stream of a closed mount. */
  begin(stream: Stream<Socket<C, Context>> | undefined): void {
    this.#stream = stream;
  }

  write(bytes: Uint8Array): boolean {
    return this.#wire.send(bytes);
  }

  drained(callback: () => void): void {
    this.#wire.drained(callback);
  }

  end(): void {
    this.endFor("closed");
  }

  destroy(): void {
    this.#wire.terminate();
  }

  /** Ends the connection with the code of this ending, or with a code of its own. */
  endFor(ending: Ending): void {
    const [code, reason] = this.#close ?? ENDINGS[ending];
    this.#presence?.leave();
    this.#wire.close(code, reason);
  }

  close(close: Close): void {
    this.#close ??= close;
    this.#stream?.end("own");
  }

  /**
   * The client keeps what it reads, unless its session has ended or it should try again later. A fault of the application is
   * reported, and ends the socket with `onFault` if there is one.
   */
  refuse(error: unknown, onFault?: Close): void {
    if (!this.isOpen) return;
    const refusal = refusalOf(error);
    if (refusal === undefined) {
      this.#shared.failed(error);
      if (onFault !== undefined) this.close(onFault);
    } else if (refusal.status === 401) this.close(EXPIRED);
    else if (refusal.status === 503) this.close(TRY_LATER);
  }

  frame(data: string | Uint8Array): void {
    if (!this.#admitsFrame() || !this.isAlive()) return;
    if (typeof data !== "string") {
      if (!isKeepAlive(data)) this.faulty();
      return;
    }
    const frame = frameIn(data, this.#shared.options);
    if (frame === undefined) this.faulty();
    else if (frame.event === "subscribe") this.#subscriptions.subscribe(frame.requested, frame.last);
    else if (frame.event === "update_presence") this.#reporting()?.report(frame.inactiveMs, frame.partners);
  }

  pinged(): void {
    if (this.#admitsFrame()) this.#wire.pong?.();
  }

  ponged(): void {
    if (this.#pingedAt === undefined) this.#admitsFrame();
    else this.#hear();
  }

  faulty(): void {
    this.#shared.hub.meter.countBadFrame();
  }

  gone(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#gone?.abort(GONE);
    this.#presence?.leave();
    this.#stream?.gone();
    this.#admission.leave();
  }

  /** Pings a silent client, and gives up one that did not answer. Returns the time of the next look. */
  beat(stream: Beating<Socket<C, Context>>, now: number): number {
    if (this.#wire.ping === undefined) return Number.POSITIVE_INFINITY;
    if (this.#pingedAt !== undefined) {
      stream.giveUp();
      return Number.POSITIVE_INFINITY;
    }
    const silentAt = this.#heardAt + this.heartbeat;
    if (silentAt > now) return silentAt;
    this.#wire.ping();
    this.#pingedAt = now;
    return now + PONG;
  }

  /** The silence after which the server pings, in ms. */
  get heartbeat(): number {
    return this.#shared.options.heartbeat ?? (this.version?.startsWith("19") ? 40_000 : 45_000);
  }

  /** Returns false if the session has ended, and ends the socket then. */
  isAlive(): boolean {
    const { alive } = this.#shared.options;
    if (alive === undefined) return true;
    const isAlive = decided("alive", () => alive(this.context), this.#shared.failed);
    if (isAlive === true) return true;
    this.close(isAlive === false ? EXPIRED : FAULT);
    return false;
  }

  give({ rows }: Answer): void {
    this.#subscriptions.cursor.give(rows.at(-1)?.id ?? 0);
  }

  read(keys: readonly string[], make: () => Following | undefined): void {
    this.#keys = keys;
    this.#stream?.turn(make);
    this.#reporting()?.change(keys);
  }

  repeat(rows: readonly SharedRow[]): void {
    if (rows.length > 0 && this.isAlive()) this.#stream?.write(againAt(this.#subscriptions.cursor.id, rows));
  }

  tell(make: () => Message): void {
    this.#stream?.between(() => {
      if (this.isAlive()) this.#stream?.write(messageAt(this.#subscriptions.cursor.id, make()));
    });
  }

  tellMissed(keys: readonly string[] = this.#keys): void {
    const { options, failed } = this.#shared;
    const { user } = this.#client;
    told("onMissed", () => options.onMissed?.(user, keys.map(channelOf), this.context), failed);
  }

  /** Notes a frame. Returns false if the socket has ended, or ends for a frame too many. */
  #admitsFrame(): boolean {
    if (!this.isOpen) return false;
    if (this.#allowance.take(this.#hear())) return true;
    this.close(TRY_LATER);
    return false;
  }

  #hear(): number {
    this.#heardAt = this.#shared.hub.clock.monotonic();
    this.#pingedAt = undefined;
    return this.#heardAt;
  }

  #reporting(): PresenceReport<Context> | undefined {
    const { presence } = this.#shared.options;
    if (presence === undefined || !this.isOpen) return undefined;
    this.#presence ??= new PresenceReport(presence, this.#shared, this);
    return this.#presence;
  }
}

const GONE = new Error("the client has gone");
