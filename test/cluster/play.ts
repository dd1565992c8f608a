import { setTimeout as pause } from "node:timers/promises";
import type { Cluster } from "./cluster.ts";
import type { TcpProxy } from "./proxy.ts";
import type { Random } from "./random.ts";

export interface PlayOptions {
  readonly cluster: Cluster;
  readonly random: Random;
  /** It ends with the first round that is over after so many ms; 0 for one round. */
  readonly ms: number;
  /** The longest that one disturbance lasts, in ms. */
  readonly longest: number;
  /** Also connections that are never heard of again, which a store notices only by its own time-outs. */
  readonly forgets: "with connections that are forgotten" | "without";
}

/** How often each disturbance was played. */
export type Played = Record<Disturbance, number>;

export type Disturbance = keyof typeof DISTURBANCES;

type Scene = PlayOptions & { readonly lasts: () => Promise<void> };

const NODES = ["kill", "kill", "sleep"] as const;
const ENGINE = ["drop", "delay", "half-open", "restart", "crash"] as const;

const DISTURBANCES = {
  async kill({ cluster, random }: Scene): Promise<void> {
    await cluster.replace(random.oneOf(cluster.seats));
  },

  async sleep({ cluster, random, lasts }: Scene): Promise<void> {
    await random.oneOf(cluster.seats).member.pause(lasts);
  },

  async drop(scene: Scene): Promise<void> {
    await disturb(scene, (proxy) => proxy.drop());
  },

  async delay(scene: Scene): Promise<void> {
    const ms = scene.random.between(5, 100);
    await disturb(scene, (proxy) => proxy.delay(ms));
  },

  async "half-open"(scene: Scene): Promise<void> {
    await disturb(scene, (proxy) => proxy.halfOpen());
  },

  async forget(scene: Scene): Promise<void> {
    await disturb(scene, (proxy) => proxy.forget());
  },

  async restart({ cluster: { instance }, lasts }: Scene): Promise<void> {
    await instance!.stop("politely");
    await lasts();
    await instance!.start();
  },

  async crash({ cluster: { instance }, lasts }: Scene): Promise<void> {
    await instance!.stop("SIGKILL");
    await lasts();
    await instance!.start();
  },
};

/**
 * Disturbs a cluster: what happens to its nodes and what happens to its engine go on beside each other, in rounds in which
 * each disturbance comes once. The order and the victims come of the seed.
 */
export async function play(options: PlayOptions): Promise<Played> {
  const { cluster, forgets } = options;
  const played = Object.fromEntries(Object.keys(DISTURBANCES).map((name) => [name, 0])) as Played; // all of its names
  const silent = forgets === "without" ? [] : (["forget"] as const);
  const lanes: (readonly Disturbance[])[] = cluster.instance === undefined ? [NODES] : [NODES, [...ENGINE, ...silent]];
  // When one lane fails the other is waited for, so that nothing is started in a cluster that is closed.
  const failure = new AbortController();
  const playing = lanes.map((lane) => rounds(options, lane, played, failure.signal));
  for (const lane of playing) lane.catch(() => failure.abort());
  await Promise.allSettled(playing);
  await Promise.all(playing);
  return played;
}

async function rounds(
  options: PlayOptions,
  lane: readonly Disturbance[],
  played: Played,
  failure: AbortSignal,
): Promise<void> {
  const { random, ms, longest } = options;
  const scene = { ...options, lasts: () => pause(random.between(longest / 5, longest)) };
  const end = performance.now() + ms;
  do {
    for (const name of random.shuffled(lane)) {
      if (failure.aborted) return;
      await pause(random.between(20, 200));
      await DISTURBANCES[name](scene);
      played[name] += 1;
    }
  } while (performance.now() < end);
}

/** Does this to the connections of one node or of all, for a while. */
async function disturb({ cluster, random, lasts }: Scene, how: (proxy: TcpProxy) => void): Promise<void> {
  const victims = random.oneOf([cluster.proxies, [random.oneOf(cluster.proxies)]]);
  for (const proxy of victims) how(proxy);
  await lasts();
  for (const proxy of victims) proxy.restore();
}
