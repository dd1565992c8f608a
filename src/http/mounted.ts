import type { Bus } from "../bus.ts";
import type { Hub } from "../core/hub.ts";
import type { Answer } from "../log/answer.ts";
import type { BodyDeadlines } from "./endpoint/body-deadlines.ts";
import type { Capacity } from "./endpoint/capacity.ts";
import type { Hooks } from "./endpoint/hooks.ts";
import type { Idle } from "./endpoint/idle.ts";
import type { CheckedOptions } from "./options.ts";
import type { Streams } from "./sse/streams.ts";
import type { Deliveries } from "./writing/deliveries.ts";
import type { Unsent } from "./writing/unsent.ts";

/** What the routes of a mount share. */
export interface Mounted<C extends object, Context> {
  readonly bus: Bus<C>;
  readonly hub: Hub;
  readonly options: CheckedOptions<C, Context>;
  readonly capacity: Capacity;
  readonly streams: Streams;
  readonly bodies: BodyDeadlines;
  readonly hooks: Hooks;
  readonly idle: Idle;
  readonly unsent: Unsent;
  readonly deliveries: Deliveries;
  /** Gives a parked poll its answer as it is. Each mount has its own, by which its polls are known. */
  readonly form: (answer: Answer) => Answer;
  /** Takes a place of `capacity` for a reader that has to wait. Throws a Refusal. */
  readonly admit: () => void;
}
