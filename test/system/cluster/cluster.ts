import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { engineOf } from "../../support/engines/engines.ts";
import type { Instance } from "../../support/engines/instance.ts";
import type { Ledger } from "./ledger.ts";
import { Member } from "./member.ts";
import { TcpProxy } from "./proxy.ts";
import type { StoreName } from "./stores.ts";

export interface ClusterOptions {
  readonly store: StoreName;
  readonly ledger: Ledger;
  readonly size: number;
  /** The lanes of each node that send, and the ms that each rests between two sends. */
  readonly lanes: number;
  readonly rest: number;
}

/** A place in the cluster. Its node changes, its way to the engine stays. */
export interface Seat {
  /** Absent where the log is a file. */
  readonly proxy: TcpProxy | undefined;
  member: Member;
}

/** Several nodes on one log. Each has a proxy of its own in front of the engine. */
export class Cluster {
  readonly #options: ClusterOptions;
  readonly #folder = mkdtempSync(join(tmpdir(), "nightbus-cluster-"));
  readonly #seats: Seat[] = [];
  /** Nodes that are gone count here, too, so that no process outlives the cluster. */
  readonly #members: Member[] = [];
  readonly instance: Instance | undefined;

  private constructor(options: ClusterOptions) {
    this.#options = options;
    this.instance = engineOf(options.store)?.create();
  }

  /** Resolves when each node has acknowledged a send. */
  static async start(options: ClusterOptions): Promise<Cluster> {
    const cluster = new Cluster(options);
    try {
      await cluster.#start();
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  get seats(): readonly Seat[] {
    return this.#seats;
  }

  /** The addresses of the living nodes. */
  get ports(): readonly number[] {
    return this.#seats.flatMap(({ member }) => member.port ?? []);
  }

  get proxies(): readonly TcpProxy[] {
    return this.#seats.flatMap(({ proxy }) => proxy ?? []);
  }

  /** Kills a node in whatever it does, and resolves when another sits in its place. */
  async replace(seat: Seat): Promise<void> {
    await seat.member.kill();
    seat.member = this.#seat(seat.proxy);
    await seat.member.ready();
  }

  /** Ends whatever runs. A second call does nothing. */
  async close(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.kill()));
    await Promise.all(this.proxies.map((proxy) => proxy.close()));
    await this.instance?.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #start(): Promise<void> {
    const { instance } = this;
    await instance?.start();
    for (let seat = 0; seat < this.#options.size; seat += 1) {
      const proxy = instance === undefined ? undefined : await TcpProxy.open(() => instance.port);
      this.#seats.push({ proxy, member: this.#seat(proxy) });
    }
    await Promise.all(this.#seats.map(({ member }) => member.works()));
  }

  #seat(proxy: TcpProxy | undefined): Member {
    const { store, ledger, lanes, rest } = this.#options;
    const connection = proxy === undefined ? join(this.#folder, "bus.db") : this.instance!.connection(proxy.port);
    const member = new Member({ name: `node-${this.#members.length}`, store, connection, lanes, rest, ledger });
    this.#members.push(member);
    return member;
  }
}
