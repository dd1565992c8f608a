import { connect } from "node:net";
import { expect, it } from "vitest";
import { Bus } from "../../../src/bus.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import type { Host, Start } from "./host.ts";

/** Clients that take their time to send a body. */
export function describeSlowBodies<Context>(start: Start<Context>, { readsOn = false }: Host<Context>): void {
  it.each(["poll", "send"])(
    `${readsOn ? "answers" : "hangs up on"} a client that dribbles the body of a %s, when the time for it is up`,
    async (route) => {
      const clock = new ManualClock();
      const { bus, client } = await start({ send: () => true, bodyTimeout: 10_000 }, new Bus({ clock }));
      const { text, seconds } = await dribble(`${client.url}/${route}`, clock, readsOn);
      expect(text).toMatch(/^HTTP\/1\.1 408 .*\{"error":\{"code":"too_slow","message":"[^"]+"\}\}$/s);
      expect(text).toMatch(/^connection: close\r$/im);
      expect(seconds).toBeGreaterThanOrEqual(10);
      expect((await client.poll({ channels: ["x"], last: bus.last, timeout: 0 })).status).toBe(200);
    },
  );
}

/** Sends a body that does not end, a byte for each second of this clock, until the server hangs up or has answered. */
function dribble(url: string, clock: ManualClock, untilAnswered: boolean): Promise<{ text: string; seconds: number }> {
  const { hostname, port, pathname } = new URL(url);
  const socket = connect(Number(port), hostname).setEncoding("utf8");
  const headers = ["Host: localhost", "Content-Type: application/json", "Content-Length: 60000"];
  socket.write(`${[`POST ${pathname} HTTP/1.1`, ...headers].join("\r\n")}\r\n\r\n{`);
  let [text, seconds, isOver] = ["", 0, false];
  socket.on("data", (piece: string) => {
    text += piece;
    if (untilAnswered && text.endsWith("}")) socket.destroy();
  });
  socket.on("error", () => {}); // bytes that are written after the end
  return new Promise((resolve) => {
    const send = (): void => {
      if (isOver) return;
      clock.advance(1_000);
      seconds += 1;
      socket.write(" ");
      // Once time is up the server may reset the connection, and a write would then hide the answer that is there to read.
      setTimeout(send, seconds < 10 ? 5 : 500);
    };
    socket.on("close", () => {
      isOver = true;
      resolve({ text, seconds });
    });
    socket.on("connect", send);
  });
}
