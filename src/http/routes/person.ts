import { channelOf } from "../../notification.ts";
import type { Connection, Identity, Presence } from "../../presence/presence.ts";
import type { Signal } from "../../util/abort.ts";
import type { Hooks } from "../endpoint/hooks.ts";
import type { Sink, StreamingBody } from "../endpoint/request.ts";
import type { Mounted } from "../mounted.ts";
import { LeasedSink } from "./leased-sink.ts";

/** The presence that names persons, and the bounds of its hook. */
export interface Identifying<Context> {
  readonly hooks: Hooks;
  readonly options: { readonly presence?: Presence<Context> };
}

/** A request, or a socket, whose person is asked for. */
interface PersonOf<Context> {
  readonly request: { readonly signal: Signal };
  readonly context: Context;
}

/**
 * Returns the person behind a request, as the `member` hook of presence names it; undefined for nobody, or without
 * presence. Throws or rejects with a Refusal, or an Error of the hook's.
 */
export function personOf<Context>(
  { hooks, options: { presence } }: Identifying<Context>,
  { request, context }: PersonOf<Context>,
): Identity | undefined | Promise<Identity | undefined> {
  if (presence === undefined) return undefined;
  const answer = hooks.ask("member", () => presence.identify(context), request.signal);
  return answer as Identity | undefined | Promise<Identity | undefined>; // `identify` checked it
}

/** Connects a person to the channels that a request reads. Returns undefined for nobody. */
export function connect<C extends object, Context>(
  { options: { presence } }: Mounted<C, Context>,
  person: Identity | undefined,
  keys: readonly string[],
): Connection | undefined {
  return person === undefined ? undefined : presence?.join(person, keys.map(channelOf));
}

/** Returns a stream's body that holds the lease of a connection from its beginning to its end. */
export function leased(connecting: () => Connection | undefined, open: (sink: Sink) => () => void): StreamingBody {
  return (sink) => {
    const connection = connecting();
    if (connection === undefined) return open(sink);
    const gone = open(new LeasedSink(sink, () => connection.leave()));
    return () => {
      connection.leave();
      gone();
    };
  };
}
