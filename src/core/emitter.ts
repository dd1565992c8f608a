import { EventEmitter } from "node:events";
import type { TypedEmitter } from "tiny-typed-emitter";

/**
 * Node's emitter, in the types of tiny-typed-emitter. The package's own class is the same one, but it gets it by `require`, which
 * is missing where a bundler has made one ES module of all.
 */
export const Emitter = EventEmitter as unknown as typeof TypedEmitter;

/** Calls each listener of an event, also where one throws, of which `failed` is told. Returns whether there were any. */
export function deliver(
  emitter: { rawListeners(event: never): readonly unknown[] },
  event: string,
  argument: unknown,
  failed: (thrown: unknown, event: string) => void,
): boolean {
  const listeners = emitter.rawListeners(event as never) as ((argument: unknown) => void)[]; // whoever emits fits the event
  for (const listener of listeners) {
    try {
      listener.call(emitter, argument); // of a list of one, `apply` would cost as much as the listener does
    } catch (thrown) {
      failed(thrown, event);
    }
  }
  return listeners.length > 0;
}
