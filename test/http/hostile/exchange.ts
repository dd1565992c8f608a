import { connect } from "node:net";
import type { Written } from "./written.ts";

/** The longest time of an answer, in ms, on a busy machine. */
const BOUND = 5_000;

/** Sends a request over a connection of its own, and resolves with all that comes back. Rejects when that takes too long. */
export function exchange(url: URL, { bytes, isWhole }: Written): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(url.port), url.hostname).setEncoding("utf8");
    let text = "";
    socket.on("data", (piece: string) => {
      text += piece;
    });
    socket.on("error", () => {}); // a server may hang up on what is no HTTP
    socket.on("close", () => resolve(text));
    socket.setTimeout(BOUND, () => {
      socket.destroy();
      reject(new Error(`no end of an answer within ${BOUND} ms, but ${JSON.stringify(text.slice(0, 200))}`));
    });
    socket.write(bytes);
    if (!isWhole) socket.end();
  });
}
