import { setTimeout as pause } from "node:timers/promises";
import type { Cluster } from "./cluster.ts";
import type { TcpProxy } from "./proxy.ts";
import { type Random, seeded } from "./random.ts";

export interface PlayOptions {
  readonly cluster: Cluster;
  /** Of which the order of things and their victims come. */
  readonly seed: number;
  /** The play ends with the first round after which this holds. */
  readonly until: () => boolean;
  /** The longest that one disturbance lasts, in ms. */
  readonly longest: number;
  /** The longest that a node is stopped, in ms. */
  readonly asleep: number;
  /** Further disturbances of the engine and of the way to it. Stores notice `forget` only by time-outs of their own. */
  readonly besides: readonly Disturbance[];
}

/** The number of plays of each disturbance. */
export type Played = Record<Disturbance, number>;

export type Disturbance = keyof typeof DISTURBANCES;

interface Scene {
  readonly cluster: Cluster;
  readonly random: Random;
  /** Resolves after as long as this disturbance lasts. */
  readonly lasts: () => Promise<void>;
  /** Resolves after as long as a node is stopped. */
  readonly sleeps: () => Promise<void>;
}

const NODES = ["kill", "kill", "sleep"] as const;
const ENGINE = ["drop", "delay", "half-open", "restart", "crash"] as const;

const DISTURBANCES = {
  async kill({ cluster, random }: Scene): Promise<void> {
    await cluster.replace(random.oneOf(cluster.seats));
  },

  async sleep({ cluster, random, sleeps }: Scene): Promise<void> {
    await random.oneOf(cluster.seats).member.pause(sleeps);
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
 * Disturbs a cluster. Disturbances of its nodes and of its engine go on beside each other, in rounds in which each comes once.
 */
export async function play(options: PlayOptions): Promise<Played> {
  const { cluster, besides } = options;
  const played = Object.fromEntries(Object.keys(DISTURBANCES).map((name) => [name, 0])) as Played; // all of its names
  const lanes: (readonly Disturbance[])[] = cluster.instance === undefined ? [NODES] : [NODES, [...ENGINE, ...besides]];
  // A lane that fails waits for the other, so that nothing starts in a cluster that is closed.
  const failure = new AbortController();
  const playing = lanes.map((lane, index) => {
    // Each its own chance, since in which order they come to draw is not of the seed.
    const random = seeded(options.seed + index);
    return rounds({ ...options, random, lane, played, failure: failure.signal });
  });
  for (const lane of playing) lane.catch(() => failure.abort());
  await Promise.allSettled(playing);
  await Promise.all(playing);
  return played;
}

interface Rounds extends PlayOptions {
  readonly random: Random;
  readonly lane: readonly Disturbance[];
  readonly played: Played;
  readonly failure: AbortSignal;
}

async function rounds({ cluster, random, lane, played, failure, until, longest, asleep }: Rounds): Promise<void> {
  const upTo = (most: number) => () => pause(random.between(most / 5, most));
  const scene = { cluster, random, lasts: upTo(longest), sleeps: upTo(asleep) };
  do {
    for (const name of random.shuffled(lane)) {
      if (failure.aborted) return;
      await pause(random.between(20, 200));
      await DISTURBANCES[name](scene);
      played[name] += 1;
    }
  } while (!until());
}

/** Does this to the connections of one node or of all, for a while. */
async function disturb({ cluster, random, lasts }: Scene, how: (proxy: TcpProxy) => void): Promise<void> {
  const victims = random.oneOf([cluster.proxies, [random.oneOf(cluster.proxies)]]);
  for (const proxy of victims) how(proxy);
  await lasts();
  for (const proxy of victims) proxy.restore();
}
