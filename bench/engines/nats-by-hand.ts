import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { addressOf } from "../../test/engines/addresses.ts";
import type { ByHand } from "./by-hand.ts";
import { gathering } from "./gathering.ts";
import type { Sent } from "./producers.ts";

/** A stream of NATS by its bare client: a message for each batch, and an ordered consumer that reads. */
export async function natsByHand(stream: string): Promise<ByHand> {
  const connection = await connect({ servers: addressOf("nats") });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: stream, subjects: [stream] });
  const js = jetstream(connection);
  const consumer = await js.consumers.get(stream);
  const messages = await consumer.consume();
  let seen: (message: Sent[number]) => void = () => {};
  const read = async (): Promise<void> => {
    for await (const message of messages) for (const sent of message.json<Sent>()) seen(sent);
  };
  const reading = read();
  return {
    send: gathering((batch: Sent) => js.publish(stream, JSON.stringify(batch))),
    onSeen(listener) {
      seen = listener;
    },
    async close() {
      messages.stop();
      await reading;
      await manager.streams.delete(stream);
      await connection.close();
    },
  };
}
