import { channelOf } from "../../notification.ts";
import type { PresenceLink, PresencePort } from "../endpoint/presence-port.ts";

/** The reports of one socket to presence. A link that is on its way gets only the newest of each kind. */
export class PresenceReport<Context> {
  readonly #port: PresencePort<Context>;
  readonly #context: Context;
  readonly #failed: (thrown: unknown) => void;
  #link: PresenceLink | undefined;
  #state: "new" | "connecting" | "connected" | "left" = "new";
  #keys: readonly string[] = [];
  #inactiveMs: number | undefined;

  /** `failed` receives what the port throws. */
  constructor(port: PresencePort<Context>, context: Context, failed: (thrown: unknown) => void) {
    this.#port = port;
    this.#context = context;
    this.#failed = failed;
  }

  /** Notes that the socket reads these channels from now on. */
  change(keys: readonly string[]): void {
    const isKnown = this.#state === "connected";
    this.#keys = keys;
    if (isKnown) this.#guard((link) => link.change(keys.map(channelOf)));
    else this.#connect();
  }

  /** Notes that the user has been inactive for so many ms. */
  report(inactiveMs: number): void {
    this.#inactiveMs = inactiveMs;
    if (this.#state === "connected") this.#guard((link) => link.report(inactiveMs));
    else this.#connect();
  }

  /** Notes that the socket has closed. A second call does nothing. */
  leave(): void {
    if (this.#state === "left") return;
    this.#state = "left";
    this.#guard((link) => link.leave());
  }

  #connect(): void {
    if (this.#state !== "new") return;
    this.#state = "connecting";
    void this.#connecting();
  }

  async #connecting(): Promise<void> {
    const keys = this.#keys;
    try {
      this.#link = await this.#port.connect(this.#context, keys.map(channelOf));
    } catch (error) {
      this.#failed(error);
    }
    if (this.#state === "left") return this.#guard((link) => link.leave());
    this.#state = "connected";
    if (this.#keys !== keys) this.change(this.#keys);
    if (this.#inactiveMs !== undefined) this.report(this.#inactiveMs);
  }

  #guard(work: (link: PresenceLink) => void): void {
    if (this.#link === undefined) return;
    try {
      work(this.#link);
    } catch (error) {
      this.#failed(error);
    }
  }
}
