import { BusError, given } from "../../errors.ts";
import { type Channel, keyOf, type Notification } from "../../notification.ts";
import { checkNames } from "../../util/validate.ts";
import { type Caller, type Difference, ExpectationError } from "./expectation-error.ts";
import { differences, partOf, show } from "./matching.ts";
import { isNear } from "./near.ts";
import { notificationsOn } from "./sent.ts";

/** An expected message: a value that it is like, or a function that accepts it. */
export type Wanted = { readonly like: unknown } | undefined;

/** The options of `expectSent`. */
export interface SentOptions {
  /** The number of such messages. Default: one at least. */
  readonly times?: number;
}

/** The sent entries, and the method that was called to check them. */
export interface Evidence {
  readonly sent: readonly Notification[];
  readonly caller: Caller;
  /** The words for it. Default: those of sends. */
  readonly words?: EvidenceWords;
}

/** The words by which a failed expectation names its evidence. */
export interface EvidenceWords {
  /** One of them: "send". */
  readonly noun: string;
  /** Its past: "sent". */
  readonly verb: string;
  /** The end of the noun's phrase. */
  readonly by: string;
}

const SENT: EvidenceWords = { noun: "send", verb: "sent", by: "" };

/** Throws unless a message like this was sent on the channel, exactly so many times if a number is given. */
export function expectSent(evidence: Evidence, channel: Channel, wanted: Wanted, options: SentOptions): void {
  const { sent, caller, words = SENT } = evidence;
  checkNames("expectSent", options, ["times"]);
  const times = checkTimes(options.times);
  const there = notificationsOn(sent, channel);
  const matching = there.filter(({ message }) => complaint(message, wanted) === undefined);
  if (times === undefined ? matching.length > 0 : matching.length === times) return;
  const like = wanted === undefined ? "" : ` like ${show(wanted.like)}`;
  const { noun, by } = words;
  const many = times === undefined ? `a ${noun}` : times === 1 ? `1 ${noun}` : `${times} ${noun}s`;
  const found = matching.length > 0 ? thoseThere(matching) : foundNone(sent, there, { channel, wanted, words });
  const beside = matching.length > 0 ? { expected: times, actual: matching.length } : besideNearest(there, wanted);
  throw new ExpectationError(`expected ${many} on ${keyOf(channel)}${by}${like}, but ${found}`, caller, beside);
}

/** Throws if an entry was sent on the channel. */
export function expectNotSent({ sent, caller }: Evidence, channel: Channel): void {
  const there = notificationsOn(sent, channel);
  if (there.length === 0) return;
  throw new ExpectationError(`expected no send on ${keyOf(channel)}, but ${thoseThere(there)}`, caller, {
    expected: [],
    actual: there.map(({ message }) => message),
  });
}

/** Throws if an entry was sent. */
export function expectNothingSent({ sent, caller }: Evidence): void {
  if (sent.length === 0) return;
  throw new ExpectationError(`expected no send, but ${thoseThere(sent)}`, caller, { expected: [], actual: sent });
}

/** Throws unless entries were sent on these channels in this order. Other entries may come between. */
export function expectOrder({ sent, caller }: Evidence, channels: readonly Channel[]): void {
  if (!Array.isArray(channels)) {
    throw new BusError("bad_channel", `channels must be a list of channels, got ${given(channels)}`);
  }
  const keys = channels.map(keyOf);
  let next = 0;
  for (const { channel } of sent) if (keyOf(channel) === keys[next]) next += 1;
  if (next >= keys.length) return;
  const after = next === 0 ? "" : ` after ${keys.slice(0, next).join(", ")}`;
  throw new ExpectationError(
    `expected sends on ${keys.join(", ")} in this order, but none on ${keys[next]} came${after}${lines(sent)}`,
    caller,
    { expected: channels, actual: sent.map(({ channel }) => channel) },
  );
}

function checkTimes(times: unknown): number | undefined {
  if (times === undefined || (Number.isSafeInteger(times) && (times as number) >= 0))
    return times as number | undefined;
  throw new BusError("bad_option", `times must be an integer from 0 up, got ${given(times)}`);
}

function complaint(message: unknown, wanted: Wanted): string | undefined {
  if (wanted === undefined) return undefined;
  if (typeof wanted.like !== "function") return differences(message, wanted.like)[0];
  try {
    return wanted.like(message) === true ? undefined : "the function did not return true";
  } catch (error) {
    return `the function threw ${String(error)}`;
  }
}

/** Returns the expectation beside the message that is most like it, reduced to the expected properties. */
function besideNearest(there: readonly Notification[], wanted: Wanted): Difference | undefined {
  if (wanted === undefined || typeof wanted.like === "function") return undefined;
  const { like } = wanted;
  const wrong = there.map(({ message }) => differences(message, like).length);
  const nearest = there[wrong.indexOf(Math.min(...wrong))];
  return nearest && { expected: like, actual: partOf(nearest.message, like) };
}

function thoseThere(sent: readonly Notification[]): string {
  return `there ${sent.length === 1 ? "was" : "were"} ${sent.length}${lines(sent)}`;
}

function foundNone(
  sent: readonly Notification[],
  there: readonly Notification[],
  {
    channel,
    wanted,
    words: { verb },
  }: { readonly channel: Channel; readonly wanted: Wanted; readonly words: EvidenceWords },
): string {
  if (there.length > 0) {
    const none = there.length === 1 ? `the one ${verb} there is not` : `none of the ${there.length} ${verb} there is`;
    return none + lines(there, ({ message }) => `: ${complaint(message, wanted)}`);
  }
  if (sent.length === 0)
    return `nothing was ${verb}; where the code does not await its sends, await bus.settled() first`;
  const near = sent.filter((each) => mayBeMeant(each.channel, channel));
  if (near.length > 0) return `nothing was ${verb} there. Did you mean ${namesOf(near)}?${lines(near)}`;
  return `nothing was ${verb} there, only on ${namesOf(sent)}`;
}

/** Finds a tuple of the same name, a string that looks like the tuple, or a name with a slip of the pen. */
function mayBeMeant(one: Channel, other: Channel): boolean {
  return isNear(nameOf(one), nameOf(other)) || one === keyOf(other) || keyOf(one) === other;
}

function nameOf(channel: Channel): string {
  return typeof channel === "string" ? channel : channel[0];
}

function namesOf(sent: readonly Notification[]): string {
  return [...new Set(sent.map(({ channel }) => keyOf(channel)))].join(", ");
}

const MOST_LINES = 10;

function lines(sent: readonly Notification[], remark: (one: Notification) => string = () => ""): string {
  const shown = sent
    .slice(0, MOST_LINES)
    .map((one) => `\n  #${one.id} ${keyOf(one.channel)} ${show(one.message)}${remark(one)}`);
  const rest = sent.length - shown.length;
  return shown.join("") + (rest > 0 ? `\n  and ${rest} more` : "");
}
