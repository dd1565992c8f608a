import { ageing } from "./ageing.ts";
import { channels } from "./bus/channels.ts";
import { closing } from "./bus/closing.ts";
import { consuming } from "./bus/consuming.ts";
import { cursors } from "./bus/cursors.ts";
import { durability } from "./bus/durability.ts";
import { events } from "./bus/events.ts";
import { input } from "./bus/input.ts";
import { keys } from "./bus/keys.ts";
import { laws } from "./bus/laws.ts";
import { messages } from "./bus/messages.ts";
import { parking } from "./bus/parking.ts";
import { polling } from "./bus/polling.ts";
import { retention } from "./bus/retention.ts";
import { sending } from "./bus/sending.ts";
import { sharing } from "./bus/sharing.ts";
import { subscribing } from "./bus/subscribing.ts";
import { timeouts } from "./bus/timeouts.ts";
import { type BusFactory, type Runner, topicOf } from "./bus/topic.ts";
import { within } from "./bus/within.ts";

export type { BusFactory, OptionsOfBus, Place, Runner, Transaction } from "./bus/topic.ts";

const TOPICS = {
  sending,
  messages,
  channels,
  polling,
  parking,
  timeouts,
  cursors,
  retention,
  ageing,
  subscribing,
  events,
  closing,
  input,
  keys,
  laws,
};

/** Tests every promise of a bus, over any store. The runner's `it` must wait for promises. */
export function testBus(name: string, factory: BusFactory, { describe, it }: Runner): void {
  const topic = topicOf(factory, it);
  describe(`a bus: ${name}`, () => {
    for (const [of, declare] of Object.entries(TOPICS)) describe(of, () => declare(topic));
    describe("consuming", () => consuming(topic, factory.shared));
    if (factory.durable) describe("durability", () => durability(topic));
    if (factory.shared) describe("sharing", () => sharing(topic));
    if (factory.transactional) describe("sending within a transaction", () => within(topic, factory.shared));
  });
}
