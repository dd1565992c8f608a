import { Redis } from "ioredis";
import { addressOf } from "../../test/support/engines/addresses.ts";
import type { ByHand } from "./by-hand.ts";
import { gathering } from "./gathering.ts";
import type { Sent } from "./producers.ts";

/** A stream of Redis by its bare client: an entry for each send, a batch in one pipeline, and a second connection that reads. */
export async function redisByHand(stream: string): Promise<ByHand> {
  const writer = new Redis(addressOf("redis"));
  const reader = writer.duplicate();
  let seen: (message: Sent[number]) => void = () => {};
  const read = async (): Promise<void> => {
    for (let id = "0"; ; ) {
      const found = await reader.xread("BLOCK", 0, "STREAMS", stream, id);
      const entries = found?.[0]?.[1] ?? []; // of this stream
      for (const [, fields] of entries) seen(JSON.parse(fields[1]!)); // as it is written below
      id = entries.at(-1)?.[0] ?? id;
    }
  };
  read().catch(() => {}); // the connection ends with it
  return {
    send: gathering((batch: Sent) => {
      const pipeline = writer.pipeline();
      for (const message of batch) pipeline.xadd(stream, "*", "json", JSON.stringify(message));
      return pipeline.exec();
    }),
    onSeen(listener) {
      seen = listener;
    },
    async close() {
      reader.disconnect();
      await writer.del(stream);
      writer.disconnect();
    },
  };
}
