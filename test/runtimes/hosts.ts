import { type Context, Hono } from "hono";
import type { Bus } from "../../src/bus.ts";
import { mount as mountOnFetch } from "../../src/http/fetch.ts";
import { mount as mountOnHono } from "../../src/http/hono.ts";
import type { Host, Options, Served } from "../http/conformance/host.ts";

/** Answers a request, given what the runtime hands over beside it. */
type Handler = (request: Request, more?: unknown) => Response | Promise<Response>;

const ADDRESS = { hostname: "127.0.0.1", port: 0 };

/** The servers of Bun and of Deno, as far as tests use them. */
interface Globals {
  readonly Bun?: {
    serve(options: typeof ADDRESS & { readonly fetch: Handler }): {
      readonly port: number;
      stop(isAbrupt?: boolean): Promise<void>;
    };
  };
  readonly Deno?: {
    serve(
      options: typeof ADDRESS & { readonly signal: AbortSignal; onListen(): void },
      handler: Handler,
    ): { readonly addr: { readonly port: number }; readonly finished: Promise<void>; shutdown(): Promise<void> };
  };
}

const { Bun, Deno } = globalThis as Globals;

/**
 * Calls back with the mounts on the server that Bun or Deno has of its own. They are apart from the other hosts:
 * `@hono/node-server` replaces the global `Response` by one that these servers refuse.
 */
export function onOwnServer(describeOn: <Context>(name: string, host: Host<Context>) => void): void {
  const serve = Bun !== undefined ? serveOnBun : Deno !== undefined ? serveOnDeno : undefined;
  if (serve === undefined) return;
  const name = Bun !== undefined ? "Bun.serve" : "Deno.serve";
  const traits = { isAlone: true, readsOn: Deno !== undefined } as const;

  describeOn(name, {
    serve: async (bus, options) => serve(mountOnFetch(bus, { ...options, prefix: "/longpolling" })),
    header: (request: Request, header) => request.headers.get(header) ?? undefined,
    ...traits,
  });

  describeOn(`Hono on ${name}`, {
    serve: async (bus: Bus, options: Options<Context>) => {
      const app = new Hono().all("/longpolling/*", mountOnHono(bus, options));
      return serve(app.fetch as Handler);
    },
    header: (context: Context, header) => context.req.header(header),
    ...traits,
  });
}

function serveOnBun(fetch: Handler): Served {
  const server = Bun!.serve({ ...ADDRESS, fetch });
  return { url: urlOf(server.port), close: () => server.stop(true), stop: () => server.stop() };
}

function serveOnDeno(handler: Handler): Served {
  const closing = new AbortController();
  const server = Deno!.serve({ ...ADDRESS, signal: closing.signal, onListen() {} }, handler);
  let stopped: Promise<void> | undefined;
  const close = (): Promise<void> => {
    if (stopped === undefined) closing.abort(); // a server that has shut down takes no signal
    return stopped ?? server.finished;
  };
  const stop = (): Promise<void> => {
    stopped = server.shutdown();
    return stopped;
  };
  return { url: urlOf(server.addr.port), close, stop };
}

const urlOf = (port: number): string => `http://127.0.0.1:${port}/longpolling`;
