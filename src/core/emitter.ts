import { EventEmitter } from "node:events";
import type { TypedEmitter } from "tiny-typed-emitter";
import { isThenable } from "../util/thenable.ts";

/**
 * Node's emitter with the types of tiny-typed-emitter. That package exports the same class, but loads it by `require`.
 * Bundles that are one ES module have no `require`.
 */
export const Emitter = EventEmitter as unknown as typeof TypedEmitter;

/**
 * Calls every listener of an event, and hands each error of a listener to `failed`, also that of an async one. Returns true if
 * the event has a listener.
 */
export function callListeners(
  emitter: { rawListeners(event: never): readonly unknown[] },
  event: string,
  argument: unknown,
  failed: (thrown: unknown, event: string) => void,
): boolean {
  const listeners = emitter.rawListeners(event as never) as ((argument: unknown) => unknown)[]; // callers pass an argument that fits the event
  for (const listener of listeners) {
    try {
      const result = listener.call(emitter, argument); // a listener list of one is common, and `apply` would cost as much as the listener itself
      if (result !== undefined && isThenable(result)) result.then(undefined, (thrown) => failed(thrown, event));
    } catch (thrown) {
      failed(thrown, event);
    }
  }
  return listeners.length > 0;
}
