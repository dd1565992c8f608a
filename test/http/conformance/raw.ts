import { connect } from "node:net";

/** Posts JSON to a path as it is written, below this URL, and resolves with all that comes back. */
export function raw(url: string, path: string, body: string): Promise<string> {
  const { hostname, port, pathname } = new URL(url);
  const socket = connect(Number(port), hostname).setEncoding("utf8");
  const below = pathname === "/" ? "" : pathname;
  const headers = ["Host: localhost", "Content-Type: application/json", "Connection: close"];
  const length = `Content-Length: ${Buffer.byteLength(body)}`;
  socket.write(`${[`POST ${below}/${path} HTTP/1.1`, ...headers, length].join("\r\n")}\r\n\r\n${body}`);
  return new Promise((resolve, reject) => {
    let text = "";
    socket.on("data", (piece: string) => {
      text += piece;
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(text));
  });
}
