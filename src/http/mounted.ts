import type { Bus } from "../bus.ts";
import type { PageBounds } from "../core/following.ts";
import type { Hub } from "../core/hub.ts";
import type { Answer } from "../log/answer.ts";
import type { BodyDeadlines } from "./endpoint/body-deadlines.ts";
import type { Capacity } from "./endpoint/capacity.ts";
import type { Hooks } from "./endpoint/hooks.ts";
import type { Idle } from "./endpoint/idle.ts";
import type { CheckedOptions } from "./options.ts";
import type { EventStreams } from "./sse/event-streams.ts";
import type { Deliveries } from "./writing/deliveries.ts";
import type { Unsent } from "./writing/unsent.ts";

/** The parts of a mount that its routes share. */
export interface Mounted<C extends object, Context> {
  readonly bus: Bus<C>;
  readonly hub: Hub;
  readonly options: CheckedOptions<C, Context>;
  readonly capacity: Capacity;
  readonly streams: EventStreams;
  /** The bounds of a stream's pages. */
  readonly pages: PageBounds;
  readonly bodies: BodyDeadlines;
  readonly hooks: Hooks;
  readonly idle: Idle;
  readonly unsent: Unsent;
  readonly deliveries: Deliveries;
  /** Returns the answer of a parked poll as it is. Each mount has a function of its own, by which the hub finds its polls. */
  readonly form: (answer: Answer) => Answer;
}
