import { randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";
import { headers } from "@nats-io/transport-node";
import type { ByHand } from "./by-hand.ts";
import { gathering } from "./gathering.ts";
import { ownStream } from "./nats-stream.ts";

/**
 * Does the work of `natsByHand`, and the work that no log can omit. A message becomes text at the send, is kept, and
 * reaches the listeners of an emitter. A batch follows the newest, and names its position. A batch that is published
 * twice is there once.
 */
export async function natsFloor(stream: string): Promise<ByHand> {
  const { js, remove } = await ownStream(stream);
  const emitter = new EventEmitter();
  const log: { readonly id: number; readonly json: string }[] = [];
  let seq = 0;
  let sent = 0;
  const published = new Map<string, readonly string[]>();
  const consumer = await js.consumers.getPushConsumer(stream);
  const messages = await consumer.consume({
    callback({ headers }) {
      const msgID = headers?.get("Nats-Msg-Id") ?? "";
      const batch = published.get(msgID)!; // nobody else publishes here
      published.delete(msgID);
      for (const json of batch) {
        const id = log.push({ id: log.length + 1, json });
        emitter.emit("notification", { id, channel: "lobby", message: JSON.parse(json) });
      }
    },
  });
  const write = async (batch: readonly string[]): Promise<void> => {
    const msgID = randomUUID();
    published.set(msgID, batch);
    const place = headers();
    place.set("Place", `${sent} ${sent + 1} ${Date.now()}`);
    sent += batch.length;
    const body = `${batch.map((json) => json.length).join()}\n${batch.join("")}`;
    const expect = { lastSubjectSequence: seq };
    seq = (await js.publish(stream, body, { headers: place, msgID, expect })).seq;
  };
  const send = gathering(write);
  return {
    send: (message) => send(JSON.stringify(message)),
    onSeen(listener) {
      emitter.removeAllListeners();
      emitter.on("notification", ({ message }) => listener(message));
    },
    async close() {
      messages.stop();
      await remove();
    },
  };
}
