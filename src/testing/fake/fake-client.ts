import type { Bus } from "../../bus.ts";
import { type Client, type ClientOptions, connect } from "../../client/client.ts";
import { mount } from "../../http/fetch.ts";
import type { AnyChannels, Channel, NameOf, Tuple } from "../../notification.ts";
import type { Presence } from "../../presence/presence.ts";

/** The options of a fake client. */
export interface FakeClientOptions<C extends object> extends Omit<ClientOptions<C>, "fetch"> {
  /** The private channels that the application's hook would add for this user. */
  readonly adds?: readonly Tuple<NameOf<C>>[];
  /** The presence of the bus. The client's connections are leases, and the client may see the list of each channel that it reads. */
  readonly presence?: Presence<Request>;
}

type Handler = (request: Request) => Promise<Response>;

/** A bus, or its presence, has one mount for all its clients, as in an application. */
const handlers = new WeakMap<object, Handler>();
/** The header with the channels that are added to a request. */
const added = new WeakMap<Request, readonly Channel[]>();

/**
 * Returns the browser's client, connected to a bus in memory, without a server and a port. The client may send
 * anything. Close it at the end of the test.
 */
export function fakeClient<C extends object = AnyChannels>(
  bus: Bus<C>,
  { adds = [], presence, ...options }: FakeClientOptions<C> = {},
): Client<C> {
  const handler = handlers.get(presence ?? bus) ?? handlerOf(bus, presence);
  const fetch = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const request = new Request(url, init);
    added.set(request, adds);
    const response = await handler(request);
    // Here a body does not end with its request, as it does on a network.
    const body = response.body?.pipeThrough(new TransformStream(), { signal: request.signal }) ?? null;
    return new Response(body, response);
  };
  return connect<C>("http://nightbus.test/longpolling", { ...options, fetch });
}

function handlerOf<C extends object>(bus: Bus<C>, presence: Presence<Request> | undefined): Handler {
  const handler = mount(bus, {
    prefix: "/longpolling",
    channels(asked, request) {
      const lists = presence === undefined ? [] : asked.map((name) => ["presence", name] as const);
      return [...asked, ...lists, ...(added.get(request) ?? [])] as Tuple<NameOf<C>>[]; // a client of this bus put them there
    },
    send: () => true,
    ...(presence !== undefined && { presence }),
  });
  handlers.set(presence ?? bus, handler);
  return handler;
}
