/** Mounts a bus on Fastify 5. @module nightbus/fastify */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Bus } from "../bus.ts";
import { Endpoint } from "./endpoint.ts";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "./hosts/fastify-types.ts";
import { reply as answerTo, NodeRequest } from "./hosts/node-host.ts";
import type { MountOptions } from "./options.ts";

export type { FastifyInstance, FastifyReply, FastifyRequest } from "./hosts/fastify-types.ts";
export type { Allowed, ChannelsHook, Cors, Granted, MountLimits, MountOptions, RemoteEntry } from "./options.ts";

/**
 * Makes the bus a plugin of Fastify 5: `app.register(mount(bus, options), { prefix: "/longpolling" })`. Hooks get Fastify's request.
 * The reply keeps headers that others have set. `onSend` hooks do not run, because answers go to the raw response. The end of
 * an application answers its polls and ends its streams. Throws `bad_option`.
 */
export function mount<C extends object, Request extends FastifyRequest = FastifyRequest>(
  bus: Bus<C>,
  options: MountOptions<C, Request> = {},
): (instance: FastifyInstance) => Promise<void> {
  const made = [new Endpoint(bus, options)]; // checks the options now, and serves the first application
  return async (instance) => {
    const endpoint = made.pop() ?? new Endpoint(bus, options); // each application ends its own
    instance.addHook("preClose", () => nextTurn(endpoint.close())); // the answers go before Fastify ends connections
    instance.removeAllContentTypeParsers(); // inside the plugin the endpoint reads bodies, and refuses bad ones
    instance.addContentTypeParser("*", async (_, payload) => payload);
    const handler = async (request: Request, reply: FastifyReply): Promise<FastifyReply> => {
      const answer = await endpoint.handle(new NodeRequest(request.raw, reply.raw, request, instance.prefix), request);
      if (answer === undefined) return reply.callNotFound();
      for (const [name, value] of Object.entries(reply.getHeaders())) {
        if (value !== undefined) reply.raw.setHeader(name, value);
      }
      reply.hijack();
      answerTo(reply.raw, answer, endpoint);
      return reply;
    };
    instance.all("/*", handler as never); // Fastify types handlers by the schemas of their routes, and these routes have none
  };
}
