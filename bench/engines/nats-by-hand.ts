import type { ByHand } from "./by-hand.ts";
import { gathering } from "./gathering.ts";
import { ownStream } from "./nats-stream.ts";
import type { Sent } from "./producers.ts";

/** A stream of NATS by its bare client: a message for each batch, and an ordered consumer that reads. */
export async function natsByHand(stream: string): Promise<ByHand> {
  const { js, remove } = await ownStream(stream);
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
      await remove();
    },
  };
}
