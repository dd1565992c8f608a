import { EventEmitter as NodeEmitter } from "node:events";
import { EventEmitter } from "eventemitter3";
import mitt from "mitt";
import type { Notification } from "nightbus";
import { type AnyBus, Bus } from "../built.ts";
import { compare, type Line, type Ready } from "../harness.ts";

type Message = { readonly n: number; readonly text: string };
type Listener = (message: Message) => void;

const SEND = 100;
const SENDS = 100;
const ALL = SEND * SENDS;

/** `on("notification")`, with the storing that comes before it, beside emitters that keep nothing. */
export async function* lines(): AsyncGenerator<Line> {
  for (const [listeners, atMost] of [
    [1, 2],
    [10, 1.25],
    [100, 1],
  ] as const) {
    yield* measure(listeners, "eventemitter3", onEventEmitter, atMost);
    if (listeners > 1) yield await floor(listeners);
  }
  yield* measure(100, "mitt", onMitt, 1);
}

/** The customs of Node's emitters: a listener that throws stops no other. Nothing is kept. */
async function floor(listeners: number): Promise<Line> {
  const [here, there] = [new Ears(listeners), new Ears(listeners)];
  const emitter = new NodeEmitter().setMaxListeners(0);
  for (const listener of here.listeners) emitter.on("notification", listener);
  const emit = onEventEmitter(there.listeners);
  return compare({
    id: "P1",
    workload: `floor: Node's emitter, ${listeners} listeners with their \`this\`, none stopped by another, nothing stored`,
    beside: "eventemitter3, JSON there and back",
    ours: () => byHand((message) => callEach(emitter, message), here),
    rival: () => byHand(emit, there),
    target: undefined,
    count: ALL,
    of: "message",
  });
}

function callEach(emitter: NodeEmitter, message: Message): void {
  for (const listener of emitter.rawListeners("notification")) {
    try {
      listener.call(emitter, message);
    } catch (error) {
      console.error(error);
    }
  }
}

async function* measure(
  listeners: number,
  name: string,
  rival: (listeners: readonly Listener[]) => (message: Message) => void,
  atMost: number,
): AsyncGenerator<Line> {
  const [first, again] = [new Bus().setMaxListeners(0), new Bus().setMaxListeners(0)];
  const [heard, heardAgain, heardThere] = [new Ears(listeners), new Ears(listeners), new Ears(listeners)];
  for (const listener of heard.readers) first.on("notification", listener);
  for (const listener of heardAgain.readers) again.on("notification", listener);
  const emit = rival(heardThere.listeners);
  let runs = 0;
  yield await compare({
    id: "P1",
    workload: `on("notification") for ${listeners} ${listeners === 1 ? "listener" : "listeners"}, sendmany of ${SEND}`,
    beside: `${name}, JSON there and back`,
    ours: () => (runs++ % 2 === 0 ? onBus(first, heard) : onBus(again, heardAgain)),
    rival: () => byHand(emit, heardThere),
    target: { atMost },
    count: ALL,
    of: "message",
  });
  await Promise.all([first.close(), again.close()]);
}

/** Listeners, and what they have heard together. */
class Ears {
  readonly listeners: readonly Listener[];
  /** The same for readers that take a notification. */
  readonly readers: readonly ((notification: Notification) => void)[];
  #sum = 0;

  constructor(count: number) {
    this.listeners = Array.from({ length: count }, () => ({ n, text }: Message) => {
      this.#sum += n + text.length;
    });
    this.readers = Array.from({ length: count }, () => ({ message }: Notification) => {
      const { n, text } = message as Message;
      this.#sum += n + text.length;
    });
  }

  /** Returns everything that was heard since the last call. */
  take(): number {
    const sum = this.#sum;
    this.#sum = 0;
    return sum;
  }
}

function onBus(bus: AnyBus, ears: Ears): Ready<number> {
  return {
    async go() {
      for (let send = 0; send < SENDS; send += 1) {
        await bus.sendmany(Array.from({ length: SEND }, (_, index) => ["lobby", messageOf(send * SEND + index)]));
      }
    },
    result: () => ears.take(),
  };
}

function byHand(emit: (message: Message) => void, ears: Ears): Ready<number> {
  return {
    go() {
      for (let n = 0; n < ALL; n += 1) emit(JSON.parse(JSON.stringify(messageOf(n))) as Message); // the message was one
    },
    result: () => ears.take(),
  };
}

function messageOf(n: number): Message {
  return { n, text: `hello, this is message ${n}` };
}

function onEventEmitter(listeners: readonly Listener[]): (message: Message) => void {
  const emitter = new EventEmitter<{ notification: [Message] }>();
  for (const listener of listeners) emitter.on("notification", listener);
  return (message) => emitter.emit("notification", message);
}

function onMitt(listeners: readonly Listener[]): (message: Message) => void {
  const emitter = mitt<{ notification: Message }>();
  for (const listener of listeners) emitter.on("notification", listener);
  return (message) => emitter.emit("notification", message);
}
