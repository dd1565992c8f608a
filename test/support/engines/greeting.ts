import { connect } from "node:net";

/** Resolves when whoever listens on this port answers what was said to it as expected; rejects on anything else. */
export function greeting(port: number, said: string, expected: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1" }, () => socket.write(said));
    const end = (settle: () => void) => {
      socket.destroy();
      settle();
    };
    socket.setTimeout(2_000, () => end(() => reject(new Error(`nothing answers on port ${port}`))));
    socket.once("error", (error) => end(() => reject(error)));
    socket.once("close", () => reject(new Error(`port ${port} hung up`)));
    socket.once("data", (data) => {
      const text = data.toString();
      end(() => (expected.test(text) ? resolve() : reject(new Error(`port ${port} answered ${text}`))));
    });
  });
}
