import type { Channel } from "../../notification.ts";

/** The place to which sockets report that their users are there. */
export interface PresencePort<Context> {
  /** Called when a socket first subscribes or reports, with the channels that it reads. Undefined if its user is not counted. */
  connect(context: Context, channels: readonly Channel[]): PresenceLink | undefined | Promise<PresenceLink | undefined>;
}

/** One socket, as presence sees it. No method waits, and each may be called until `leave`. */
export interface PresenceLink {
  /** Notes that the socket reads other channels from now on. */
  change(channels: readonly Channel[]): void;
  /** Notes that the user has been inactive for so many ms. */
  report(inactiveMs: number): void;
  /** Notes that the socket has closed. Called once. */
  leave(): void;
}
