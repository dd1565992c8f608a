import { connect, type Socket } from "node:net";

// The clients of a served path: `crowd.mjs KIND PORT CONNECTIONS LAST`. They are raw sockets, and end with the server.

const [kind, port, connections, last] = process.argv.slice(2) as [string, string, string, string]; // served.ts starts it so
process.on("disconnect", () => process.exit());

const sockets = Array.from({ length: Number(connections) }, () =>
  connect({ port: Number(port), host: "127.0.0.1", noDelay: true }),
);
if (kind === "stream") for (const socket of sockets) socket.resume().write(get("/events?channels=lobby"));
else if (kind === "poll") for (const socket of sockets) askAgain(socket);
else askTogether(sockets, Number(last));

/** Polls for a message that the server has, again after each answer. */
function askAgain(socket: Socket): void {
  const request = post(Number(last));
  onAnswer(socket, () => socket.write(request));
  socket.write(request);
}

/** Polls after the newest message, again when all were answered. */
function askTogether(all: readonly Socket[], from: number): void {
  let answered = 0;
  for (const socket of all) {
    onAnswer(socket, (newest) => {
      answered += 1;
      if (answered % all.length === 0) for (const each of all) each.write(post(newest));
    });
    socket.write(post(from));
  }
}

/** Calls back with the position of each answer. */
function onAnswer(socket: Socket, callback: (newest: number) => void): void {
  let text = "";
  socket.setEncoding("latin1").on("data", (data: string) => {
    text += data;
    const [, newest] = /"last":(\d+)[^}]*\}$/.exec(text) ?? [];
    if (newest === undefined) return;
    text = "";
    callback(Number(newest));
  });
}

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;
}

function post(after: number): string {
  const body = `{"channels":["lobby"],"last":${after},"timeout":600000}`;
  return `POST /poll HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}
