import type { Bus } from "../../../src/bus.ts";
import type { MountOptions } from "../../../src/http/options.ts";
import type { AnyChannels } from "../../../src/notification.ts";
import type { Client } from "./client.ts";

/** A mount of the bus on a running server, and how to end it. */
export interface Served {
  /** The address of the mount's routes. */
  readonly url: string;
  close(): Promise<unknown>;
  /** Closes the server, and waits for its connections to end by themselves. */
  stop(): Promise<unknown>;
}

export type Options<Context> = MountOptions<AnyChannels, Context>;

/** The traits of a host. `Context` is what its framework hands to hooks. */
export interface Host<Context> {
  /** Mounts the bus below `/longpolling` on a server that it starts, behind something that sets these headers on the response. */
  serve(bus: Bus, options: Options<Context>, headers: Readonly<Record<string, string>>): Promise<Served>;
  /** A header of the request that the framework hands to hooks. */
  header(context: Context, name: string): string | undefined;
  /** Set where the framework itself answers bodies that it cannot read, before the mount sees them. */
  readonly parsesBodies?: true;
  /** Set where the host answers a body that is late, and still reads until the client ends it. */
  readonly readsOn?: boolean;
  /** Set where nothing can come before the mount, so that nothing has set a header. */
  readonly isAlone?: true;
}

export type Start<Context> = (
  options?: Options<Context>,
  bus?: Bus,
  headers?: Readonly<Record<string, string>>,
) => Promise<{ bus: Bus; client: Client; stop: () => Promise<unknown> }>;
