import { once } from "node:events";
import type { Socket } from "node:net";
import type { KindName } from "./kinds.ts";

/** The way in which a client opens a stream of one rival. */
export interface Dialect {
  /** Resolves when the server will send. With a position the server also sends what came after it. */
  begin(socket: Socket, position: string | undefined): Promise<void>;
  /** Returns the position after the newest message, from the first bytes of a connection and its newest ones. */
  position(first: string, newest: string): string;
}

const HANDSHAKE = [
  "GET /websocket?EIO=4&transport=websocket HTTP/1.1",
  "Host: 127.0.0.1",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
];

const SUBSCRIPTION = encodeURIComponent("subscription { lobby { id channel message { from text n } } }");

const socketIo: Dialect = {
  async begin(socket, position = "") {
    let text = "";
    const reads = async (part: string): Promise<void> => {
      while (!text.includes(part)) text += String((await once(socket, "data"))[0] as Buffer);
    };
    socket.write(`${HANDSHAKE.join("\r\n")}\r\n\r\n`);
    await reads("0{"); // the handshake of Engine.IO
    socket.write(masked(`40${position}`));
    await reads("40{"); // the server has joined the socket
  },
  position(first, newest) {
    const [, pid] = /"pid":"([^"]+)"/.exec(first) ?? [];
    const [, offset] = /.*"([^"]+)"\]/s.exec(newest) ?? [];
    return JSON.stringify({ pid, offset });
  },
};

/** The dialects of the servers of streams. */
export const DIALECTS: Readonly<Partial<Record<KindName, Dialect>>> = {
  nightbus: events("/events?channels=lobby"),
  nchan: events("/events"),
  hand: events("/events"),
  pushpin: events("/events"),
  yoga: events(`/graphql?query=${SUBSCRIPTION}`),
  trpc: events("/lobby"),
  "socket.io": socketIo,
  "recovering socket.io": socketIo,
};

function events(path: string): Dialect {
  return {
    async begin(socket, position) {
      const resume = position === undefined ? "" : `Last-Event-ID: ${position}\r\n`;
      socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n${resume}\r\n`);
      const [bytes] = (await once(socket, "data")) as [Buffer]; // no encoding is set
      const first = bytes.toString("latin1");
      if (!first.startsWith("HTTP/1.1 200 ")) throw new Error(`${path} was answered ${first}`);
    },
    position(_, newest) {
      const [, id] = /.*^id: ([^\n]+)$/ms.exec(newest) ?? [];
      if (id === undefined) throw new Error(`no position in ${newest}`);
      return id;
    },
  };
}

/** Returns a text frame, masked with zeros. The text is ASCII and has less than 65,536 bytes. */
function masked(text: string): Buffer {
  const { length } = text;
  const size = length < 126 ? [0x80 | length] : [0x80 | 126, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([0x81, ...size, 0, 0, 0, 0]), Buffer.from(text)]);
}
