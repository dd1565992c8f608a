import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import compression from "compression";
import { describe, it, onTestFinished } from "vitest";
import { JsonReply } from "../../src/http/endpoint/json-reply.ts";
import { HEADERS } from "../../src/http/endpoint/replies.ts";
import { reply } from "../../src/http/hosts/node-host.ts";
import { shareHead } from "../../src/http/hosts/shared-head.ts";
import { writeWhole } from "../../src/http/hosts/whole-response.ts";
import { until } from "./conformance/client.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const TEXT = '{"word":"ä€😀"}';
const ENDPOINT = { isClosing: false, left: () => () => {} };

async function serve(handler: Handler, set: (server: Server) => void = () => {}): Promise<() => Socket> {
  const server = createServer(handler);
  set(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return () => connect(port, "127.0.0.1").setEncoding("utf8");
}

function answer(): JsonReply {
  return new JsonReply(200, TEXT, HEADERS);
}

/** Answers in the way of every host by hand, without a shared head. */
function byNode(response: ServerResponse): void {
  response.writeHead(200, { "Content-Length": Buffer.byteLength(TEXT), ...HEADERS }).end(TEXT);
}

/** Everything that a server writes to three equal requests of one connection, or until it ends that. Dates are left out. */
async function written(ask: () => Socket, request: string): Promise<string> {
  const socket = ask();
  let text = "";
  let isOver = false;
  socket.on("data", (data: string) => {
    text += data;
  });
  socket.on("end", () => {
    isOver = true;
  });
  const mark = request.startsWith("HEAD") ? "\r\n\r\n" : TEXT;
  for (let answers = 1; answers <= 3 && !isOver; answers += 1) {
    socket.write(request);
    await until(() => isOver || text.split(mark).length > answers);
  }
  socket.destroy();
  return text.replaceAll(/Date: [^\r]*/g, "Date: now") + (isOver ? "END" : "");
}

/** Returns if a prepared response was written whole. A plain one before and after it was, so that nothing else was in the way. */
async function isWhole(prepare: Handler, request = GET, set?: (server: Server) => void): Promise<boolean> {
  const seen: boolean[] = [];
  const plain = await serve((_, response) => {
    const isDirect = writeWhole(response, answer()) !== undefined;
    seen.push(isDirect);
    if (!isDirect) reply(response, answer(), ENDPOINT);
  });
  const prepared = await serve((incoming, response) => {
    prepare(incoming, response);
    const isDirect = writeWhole(response, answer()) !== undefined;
    seen.push(isDirect);
    if (!isDirect) response.destroy();
  }, set);
  for (;;) {
    await written(plain, GET);
    seen.splice(0, seen.length - 1);
    const socket = prepared();
    socket.write(request);
    await until(() => seen.length === 2);
    socket.destroy();
    await written(plain, GET);
    if (seen[0] && seen.at(-1)) return seen[1]!; // otherwise a second has passed, and with it the head
  }
}

/** Preparations of a response, by name; some with a request or a setting of the server. */
const OTHERS: Readonly<Record<string, readonly [Handler, string?, ((server: Server) => void)?]>> = {
  "HTTP/1.0": [() => {}, "GET / HTTP/1.0\r\n\r\n"],
  HEAD: [() => {}, "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"],
  "a connection that ends": [() => {}, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"],
  "a header": [(_, response) => response.setHeader("X-Other", "1")],
  "a status text": [
    (_, response) => {
      response.statusMessage = "Fine";
    },
  ],
  "no date": [
    (_, response) => {
      response.sendDate = false;
    },
  ],
  "a removed header": [(_, response) => response.removeHeader("Connection")],
  "a corked response": [(_, response) => response.cork()],
  "a bounded connection": [
    () => {},
    GET,
    (server) => {
      server.maxRequestsPerSocket = 9;
    },
  ],
  "a wrapped write": [(_, response) => wrap(response, "write")],
  "a wrapped end": [(_, response) => wrap(response, "end")],
  "a wrapped writeHead": [(_, response) => wrap(response, "writeHead")],
  "a wrapped socket": [({ socket }) => wrap(socket, "write")],
  compression: [
    (request, response) => compression()(request as never, response as never, () => {}),
    "GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n",
  ],
};

function wrap<K extends string>(object: { [key in K]: (...values: never[]) => unknown }, name: K): void {
  const method = object[name];
  object[name] = (...values) => method.apply(object, values);
}

describe("a response in one piece", () => {
  it("is written to a plain response, once Node has made the head", async () => {
    assert.equal(await isWhole(() => {}), true);
  });

  it("is left to Node if anything is in the way", async () => {
    for (const [name, [prepare, request, set]] of Object.entries(OTHERS)) {
      assert.equal(await isWhole(prepare, request, set), false, name);
    }
  });

  it("has the bytes that Node writes, also if anything is in the way", async () => {
    const cases: typeof OTHERS = {
      plain: [() => {}],
      "HTTP/1.0, kept alive": [() => {}, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"],
      ...OTHERS,
    };
    for (const [name, [prepare, request = GET, set]] of Object.entries(cases)) {
      const prepared =
        (write: (response: ServerResponse) => void): Handler =>
        (incoming, response) => {
          prepare(incoming, response);
          write(response);
        };
      const expected = await written(await serve(prepared(byNode), set), request);
      const ask = await serve(
        prepared((response) => reply(response, answer(), ENDPOINT)),
        set,
      );
      assert.equal(await written(ask, request), expected, name);
    }
  });

  it("waits for its turn on a connection with pipelined requests", async () => {
    const held: ServerResponse[] = [];
    const ask = await serve((_, response) => void held.push(response));
    const socket = ask();
    let text = "";
    socket.on("data", (data: string) => {
      text += data;
    });
    socket.write(GET + GET + GET);
    await until(() => held.length === 3);
    const [first, second, third] = held as [ServerResponse, ServerResponse, ServerResponse];
    reply(third, new JsonReply(200, '"third"', HEADERS), ENDPOINT);
    reply(second, new JsonReply(200, '"second"', HEADERS), ENDPOINT);
    reply(first, new JsonReply(200, '"first"', HEADERS), ENDPOINT);
    await until(() => text.includes('"third"'));
    assert.deepEqual(text.match(/"(first|second|third)"/g), ['"first"', '"second"', '"third"']);
  });

  it("ends like any other, with the same events and the same state", async () => {
    const [whole, plain] = await Promise.all([
      endOf((response) => reply(response, answer(), ENDPOINT)),
      endOf((response) => byNode(response)),
    ]);
    assert.deepEqual(whole, plain);
  });

  it("goes through TLS as well", async () => {
    const psk = Buffer.alloc(16, 7); // a shared key needs no certificate
    const tls = { ciphers: "PSK", maxVersion: "TLSv1.2" } as const;
    const whole: boolean[] = [];
    const handler: Handler = (_, response) => {
      const isDirect = writeWhole(response, answer()) !== undefined;
      whole.push(isDirect);
      if (!isDirect) reply(response, answer(), ENDPOINT);
    };
    const server = createTlsServer({ ...tls, pskCallback: () => psk }, handler).listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const client = { ...tls, port, pskCallback: () => ({ psk, identity: "x" }), checkServerIdentity: () => undefined };
    const heads = new Set<string>();
    while (!whole.includes(true)) heads.add(await written(() => connectTls(client).setEncoding("utf8"), GET));
    assert.equal(heads.size, 1);
  });

  it("shares the text of a sent head without a change of it", async () => {
    const heads: [unknown, unknown][] = [];
    const ask = await serve((_, response) => {
      const headOf = (): unknown => (response as unknown as { readonly _header: unknown })._header;
      response.setHeader("X-Other", `${heads.length % 2} ä`);
      shareHead(response);
      assert.equal(response.headersSent, false);
      response.write("first");
      const before = `${headOf()}`;
      shareHead(response);
      heads.push([before, headOf()]);
      response.end();
    });
    for (let n = 0; n < 4; n += 1) ask().write(GET);
    await until(() => heads.length === 4);
    for (const [before, after] of heads) assert.equal(after, before);
  });

  it("keeps the bytes that a client does not take, until the client has them or goes", async () => {
    const text = JSON.stringify("x".repeat(2 ** 24));
    const big = new JsonReply(200, text, HEADERS);
    let left = 0;
    const isDone: boolean[] = [];
    const endpoint = {
      isClosing: false,
      left: () => {
        left += 1;
        return () => void isDone.push(true);
      },
    };
    const ask = await serve((_, response) => reply(response, big, endpoint));
    for (let n = 0; n < 3; n += 1) {
      const socket = ask();
      socket.pause();
      socket.write(GET);
      await until(() => left === n + 1);
      assert.equal(isDone.length, n);
      let length = 0;
      socket.on("data", (data: string) => {
        length += data.length;
      });
      socket.resume();
      await until(() => length > text.length && isDone.length === n + 1);
      socket.destroy();
    }
  });
});

/** The events and the state of the last of some responses of one connection. */
async function endOf(write: (response: ServerResponse) => void): Promise<unknown> {
  let events: string[] = [];
  let last: ServerResponse | undefined;
  const ask = await serve((_, response) => {
    events = [];
    last = response;
    for (const name of ["prefinish", "finish", "close"]) response.on(name, () => events.push(name));
    write(response);
    events.push(`written ${response.headersSent} ${response.writableEnded} ${response.statusCode}`);
  });
  const socket = ask();
  for (let n = 0; n < 3; n += 1) {
    socket.write(GET);
    await once(socket, "data");
    await until(() => events.includes("close"));
  }
  const { statusCode, statusMessage, headersSent, writableEnded, writableFinished, finished } = last!;
  return { events, statusCode, statusMessage, headersSent, writableEnded, writableFinished, finished };
}
