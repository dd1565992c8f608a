import { type Bus, hubOf } from "../../bus.ts";
import type { Hub } from "../../core/hub.ts";
import { asError, given } from "../../errors.ts";
import { Capacity } from "../endpoint/capacity.ts";
import { Hooks } from "../endpoint/hooks.ts";
import { mountClosed, Refusal, refusalOf } from "../endpoint/refusal.ts";
import { Waits } from "../endpoint/waits.ts";
import type { StreamKind } from "../streaming/stream-kind.ts";
import { Streams } from "../streaming/streams.ts";
import { Unsent } from "../writing/unsent.ts";
import { type Admission, Admissions } from "./admissions.ts";
import { OUTDATED } from "./close-codes.ts";
import { decided } from "./decided.ts";
import { checkHandshake, type Handshake } from "./handshake.ts";
import { messagesOf } from "./messages.ts";
import type { CheckedOptions, User } from "./options.ts";
import { type Client, Socket } from "./socket.ts";
import type { SocketContext } from "./subscriptions.ts";
import type { Wire } from "./wire.ts";

/** A client that may open its socket. */
export interface Admitted<Context> {
  readonly client: Client<Context>;
  /** The place of the socket, which its end gives back. */
  readonly admission: Admission;
}

/** The time in which a client must answer the close of its socket, in ms. */
const GRACE = 1_000;

/** The same for a client that may have bytes to take before. */
const LONG_GRACE = 10_000;

/** The WebSockets of a mount, whichever library has their frames. */
export class Sockets<C extends object, Context> {
  readonly hub: Hub;
  readonly options: CheckedOptions<C, Context>;
  readonly hooks: Hooks;
  readonly waits: Waits;
  readonly unsent: Unsent;
  readonly capacity: Capacity;
  readonly failed: (thrown: unknown) => void;
  readonly #shared: SocketContext<C, Context>;
  readonly #streams: Streams<Socket<C, Context>>;
  readonly #admissions: Admissions;
  /** True if a hook may ask for the request of a socket. The request weighs as much as the rest of the socket. */
  readonly #keepsContext: boolean;
  #isClosed = false;

  constructor(bus: Bus<C>, options: CheckedOptions<C, Context>) {
    const hub = hubOf(bus);
    const failed = (thrown: unknown): void => void bus.emit("error", asError(thrown));
    this.hub = hub;
    this.options = options;
    this.failed = failed;
    this.waits = new Waits(hub.clock);
    this.hooks = new Hooks({ ...options, waits: this.waits, failed });
    this.unsent = new Unsent(options.maxUnsent, hub.meter);
    this.capacity = new Capacity(options.maxWaiting, () => 0);
    this.#admissions = new Admissions(options);
    this.#keepsContext = [options.channels, options.alive, options.onMissed, options.presence].some(Boolean);
    const pages = { limit: hub.limit, size: options.maxBuffered };
    this.#shared = { hub, options, failed, pages, hooks: this.hooks, capacity: this.capacity };
    const kind = kindOf<C, Context>(hub, options.alive !== undefined);
    this.#streams = new Streams({ ...options, hub, kind, failed, unsent: this.unsent, mount: this });
    hub.closings.add(this);
  }

  /** True if new sockets and requests are refused. */
  get isClosing(): boolean {
    return this.#isClosed || this.hub.isClosing;
  }

  /**
   * Decides on a handshake, at once unless a hook waits. Throws or rejects with the Refusal of its client. `isGone` tells if the
   * client has gone meanwhile.
   */
  admit(handshake: Handshake, context: Context): Admitted<Context> | Promise<Admitted<Context>> {
    if (this.isClosing) throw mountClosed();
    checkHandshake(handshake, this.options.cors);
    const admission = this.#admissions.enter();
    const version = new URLSearchParams(handshake.query).get("version") ?? undefined;
    const admitted = (user: unknown): Admitted<Context> => {
      if (this.isClosing) throw mountClosed();
      if (isUser(user)) admission.ofUser(user);
      else if (user !== undefined)
        throw new Error(`the mount's user hook must return a string or a number, got ${given(user)}`);
      return { client: { context: this.#keepsContext ? context : NO_CONTEXT, version, user }, admission };
    };
    const left = (error: unknown): never => {
      admission.leave();
      throw error;
    };
    try {
      const { user: hook } = this.options;
      const user = hook === undefined ? undefined : this.hooks.ask("user", () => hook(context));
      return user instanceof Promise ? user.then(admitted).catch(left) : admitted(user);
    } catch (error) {
      return left(error);
    }
  }

  /** Returns what a client is told of a failure. A failure of the application's own is reported. */
  refusalFor(error: unknown): Refusal {
    const known = refusalOf(error);
    if (known === undefined) this.failed(error);
    return known ?? new Refusal(500, "internal", "something went wrong on the server");
  }

  /** Begins a socket whose handshake is over. `gone` of the result has to be called when its connection has closed. */
  open(wire: Wire, { client, admission }: Admitted<Context>): Socket<C, Context> {
    const socket = new Socket(this.#shared, wire, client, admission);
    const { maxAge } = this.options;
    const opening = { sink: socket, maxAge: maxAge * (1 + Math.random() / 2), pause: socket.heartbeat };
    socket.begin(this.#streams.open(opening));
    if (this.#isOutdated(client.version)) socket.close(OUTDATED);
    return socket;
  }

  /** Closes all sockets, and refuses new ones. The bus stays open. A second call does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.capacity.close();
    this.waits.close();
    this.#streams.close();
  }

  #isOutdated(asked: string | undefined): boolean {
    const { version } = this.options;
    if (version === undefined) return false;
    if (typeof version === "string") return asked !== version;
    // A fault closes no page, because a page that is closed so stays away for good.
    return decided("version", () => version(asked), this.failed) === false;
  }
}

function kindOf<C extends object, Context>(hub: Hub, asksAlive: boolean): StreamKind<Socket<C, Context>> {
  return {
    framesOf: messagesOf,
    missed(socket) {
      socket.tellMissed();
      return undefined;
    },
    ...(asksAlive && { admits: (socket) => socket.isAlive() }),
    given: (socket, answer) => socket.give(answer),
    beat: (stream, now) => stream.sink.beat(stream, now),
    end: (socket, ending) => socket.endFor(ending),
    grace: ({ isUnsent }, ending) => (isUnsent && (ending === "old" || ending === "slow") ? LONG_GRACE : GRACE),
    count: (change) => hub.meter.countSocket(change),
  };
}

/** Stands for the request of a socket if no hook asks for it. */
const NO_CONTEXT = undefined as never;

function isUser(user: unknown): user is User {
  return typeof user === "string" || typeof user === "number";
}
