import type { Bus } from "../bus.ts";
import { Endpoint } from "./endpoint.ts";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "./hosts/fastify-types.ts";
import { reply as answerTo, NodeRequest } from "./hosts/node-host.ts";
import type { MountOptions } from "./options.ts";

export type { FastifyInstance, FastifyReply, FastifyRequest } from "./hosts/fastify-types.ts";
export type { Allowed, Cors, Granted, MountOptions, RemoteEntry } from "./options.ts";

/**
 * The bus as a plugin of Fastify 5: `app.register(mount(bus, options), { prefix: "/longpolling" })`. Hooks get Fastify's request. Headers
 * that others have set on the reply are kept; their `onSend` hooks do not run, since answers go to the raw response as they come. When the
 * application closes, polls are answered and streams end. Throws `bad_option`.
 */
export function mount<C extends object, Request extends FastifyRequest = FastifyRequest>(
  bus: Bus<C>,
  options: MountOptions<C, Request> = {},
): (instance: FastifyInstance) => Promise<void> {
  const endpoint = new Endpoint(bus, options);
  return async (instance) => {
    instance.addHook("preClose", async () => endpoint.close()); // Fastify waits for the connections that this ends
    // Inside the plugin bodies are left to the endpoint, which knows what to say of bad ones.
    instance.removeAllContentTypeParsers();
    instance.addContentTypeParser("*", async (_, payload) => payload);
    const handler = async (request: Request, reply: FastifyReply): Promise<FastifyReply> => {
      const answer = await endpoint.handle(new NodeRequest(request.raw, reply.raw, request, instance.prefix), request);
      if (answer === undefined) {
        reply.callNotFound();
        return reply;
      }
      for (const [name, value] of Object.entries(reply.getHeaders())) {
        if (value !== undefined) reply.raw.setHeader(name, value);
      }
      reply.hijack();
      answerTo(reply.raw, answer, endpoint);
      return reply;
    };
    instance.all("/*", handler as never); // Fastify types its handlers by their routes' schemas, and ours have none
  };
}
