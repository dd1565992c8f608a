import { ageing } from "./ageing.ts";
import { channels } from "./channels.ts";
import { closing } from "./closing.ts";
import { cursors } from "./cursors.ts";
import { durability } from "./durability.ts";
import { events } from "./events.ts";
import { input } from "./input.ts";
import { laws } from "./laws.ts";
import { messages } from "./messages.ts";
import { parking } from "./parking.ts";
import { polling } from "./polling.ts";
import { retention } from "./retention.ts";
import { sending } from "./sending.ts";
import { sharing } from "./sharing.ts";
import { subscribing } from "./subscribing.ts";
import { timeouts } from "./timeouts.ts";
import { type BusFactory, type Runner, topicOf } from "./topic.ts";
import { within } from "./within.ts";

export type { BusFactory, OptionsOfBus, Place, Runner, Transaction } from "./topic.ts";

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
  laws,
};

/** What every bus promises, whatever keeps its log. The runner's `it` must wait for promises. */
export function testBus(name: string, factory: BusFactory, { describe, it }: Runner): void {
  const topic = topicOf(factory, it);
  describe(`a bus: ${name}`, () => {
    for (const [of, declare] of Object.entries(TOPICS)) describe(of, () => declare(topic));
    if (factory.durable) describe("durability", () => durability(topic));
    if (factory.shared) describe("sharing", () => sharing(topic));
    if (factory.transactional) describe("sending within a transaction", () => within(topic, factory.shared));
  });
}
