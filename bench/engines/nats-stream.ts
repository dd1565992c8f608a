import { type JetStreamClient, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { addressOf } from "../../test/support/engines/addresses.ts";

/** A stream of this run's own, by the bare client. */
export interface OwnStream {
  readonly js: JetStreamClient;
  /** Deletes it, and closes its connection. */
  readonly remove: () => Promise<void>;
}

/** Makes a stream of one subject, which has its name. */
export async function ownStream(name: string): Promise<OwnStream> {
  const connection = await connect({ servers: addressOf("nats") });
  const { streams } = await jetstreamManager(connection);
  await streams.add({ name, subjects: [name] });
  return {
    js: jetstream(connection),
    async remove() {
      await streams.delete(name);
      await connection.close();
    },
  };
}
