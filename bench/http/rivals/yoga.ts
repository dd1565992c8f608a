import { setMaxListeners } from "node:events";
import { createPubSub, createSchema, createYoga } from "graphql-yoga";
import { listening } from "./listening.ts";
import type { Rival, Sent } from "./rival.ts";

const SCHEMA = `
type Message { from: String!, text: String!, n: Int! }
type Notification { id: Float!, channel: String!, message: Message! }
type Query { last: Float }
type Subscription { lobby: Notification! }
`;

/** Starts GraphQL Yoga with a subscription to its own pubsub. */
export async function start(): Promise<Rival> {
  setMaxListeners(0); // every reader is a listener of the pubsub
  const pubsub = createPubSub<{ lobby: [Sent] }>();
  const resolvers = {
    Subscription: { lobby: { subscribe: () => pubsub.subscribe("lobby"), resolve: (sent: Sent) => sent } },
  };
  const yoga = createYoga({ schema: createSchema({ typeDefs: SCHEMA, resolvers }), logging: false });
  const port = await listening((request, response) => void yoga(request, response));
  return { port, send: (sent) => pubsub.publish("lobby", sent) };
}
