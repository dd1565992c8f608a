import { createClient, type RedisClientType } from "redis";
import type { describe as Describe } from "vitest";
import { onTestFinished } from "vitest";
import type { Instance } from "../../support/engines/instance.ts";
import { create, missing } from "../../support/engines/redis.ts";
import { runs } from "../../support/engines/runs.ts";
import { TcpProxy } from "../../system/cluster/proxy.ts";

/** A Redis of the test's own behind a proxy, which stays where the server moves. */
export interface Server {
  readonly instance: Instance;
  /** Which server the proxy leads to. */
  target: Instance;
  readonly proxy: TcpProxy;
  /** The proxy's. */
  readonly url: string;
  /** A connection of the test's own to a server, past the proxy. */
  client(instance?: Instance): Promise<RedisClientType>;
}

/**
 * `describe` for what needs a server of its own: it is skipped with a sentence where there is none, and fails where all
 * must run.
 */
export function serverRuns(describe: typeof Describe): (name: string, body: () => void) => void {
  return runs(describe, missing());
}

/** Starts a server, which ends with the test. */
export async function startServer(settings: readonly string[] = []): Promise<Server> {
  const instance = await startRedis(settings);
  const server: { target: Instance } = { target: instance };
  const proxy = await TcpProxy.open(() => server.target.port);
  onTestFinished(() => proxy.close());
  return Object.assign(server, {
    instance,
    proxy,
    url: instance.connection(proxy.port),
    async client(of = instance) {
      const client = createClient({ url: of.connection(), socket: { reconnectStrategy: false } });
      client.on("error", () => {}); // a test may end its server
      await client.connect();
      onTestFinished(() => client.destroy());
      return client as unknown as RedisClientType; // without modules
    },
  });
}

/** Starts a Redis, which ends with the test. */
export async function startRedis(settings: readonly string[] = []): Promise<Instance> {
  const instance = create(settings);
  onTestFinished(async () => {
    await instance.stop("SIGKILL"); // the command would wait for replicas that are gone
    await instance.close();
  });
  await instance.start();
  return instance;
}
