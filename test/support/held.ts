import { connect } from "nightbus/client";
import { expect, vi } from "vitest";

/** Requests that a server holds when it ends. */
export interface Held {
  /** Expects that the poll was answered and that the stream has ended, and closes the client. */
  expectAnswered(): Promise<void>;
}

/** Opens a stream, a poll that waits and a client on the channel `lobby`. Resolves once all of them are held. */
export async function hold(mount: string): Promise<Held> {
  const stream = await fetch(`${mount}/events?channels=lobby`);
  const { last } = (await (await fetch(`${mount}/poll?channels=lobby&timeout=0`)).json()) as { last: number };
  const polled = fetch(`${mount}/poll?channels=lobby&last=${last}`);
  const client = connect(mount, { channels: ["lobby"], last });
  await vi.waitFor(() => expect(client.status).toBe("live"), { timeout: 30_000 });
  await (await fetch(`${mount}/health`)).text(); // one request more, behind which the poll is held
  return {
    async expectAnswered() {
      expect(await (await polled).json()).toEqual({ notifications: [], last, missed: false });
      expect(await stream.text()).toContain("event: position");
      client.close();
    },
  };
}
