import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import compression from "compression";
import { describe, it, onTestFinished } from "vitest";
import { Bus } from "../../src/bus.ts";
import { chunkedSocketOf } from "../../src/http/hosts/chunked-socket.ts";
import { mount } from "../../src/http/node.ts";
import { until } from "./conformance/client.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function serve(handler: Handler): Promise<(text: string) => Socket> {
  const server = createServer(handler).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const sockets: Socket[] = [];
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (text) => {
    const socket = connect(port, "127.0.0.1");
    sockets.push(socket);
    socket.write(text);
    return socket;
  };
}

const GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

/** Returns if the chunks of a response may go to its socket, after its first write. */
async function isDirect(prepare: Handler, request = GET): Promise<boolean> {
  let found: boolean | undefined;
  const ask = await serve((incoming, response) => {
    prepare(incoming, response);
    response.write("first");
    found = chunkedSocketOf(response) !== null;
  });
  ask(request);
  await until(() => found !== undefined);
  return found!;
}

/** Returns the content of chunks, and fails on anything that is none. */
function unchunked(text: string): string {
  let [rest, content] = [text, ""];
  while (rest !== "") {
    const [, size] = /^([0-9a-f]+)\r\n/.exec(rest) ?? assert.fail(`no chunk: ${JSON.stringify(rest.slice(0, 40))}`);
    const from = size!.length + 2;
    const to = from + Number.parseInt(size!, 16);
    assert.equal(rest.slice(to, to + 2), "\r\n");
    content += rest.slice(from, to);
    rest = rest.slice(to + 2);
  }
  return content;
}

describe("chunks on a socket", () => {
  it("go there after the first write of a plain response", async () => {
    assert.equal(await isDirect(() => {}), true);
  });

  it("go through the response if anything is in the way", async () => {
    const cases: Record<string, [Handler, string?]> = {
      "HTTP/1.0": [() => {}, "GET / HTTP/1.0\r\n\r\n"],
      "a stated length": [(_, response) => response.setHeader("Content-Length", 100)],
      "a wrapped write": [
        (_, response) => {
          const { write } = response;
          response.write = ((chunk: string) => write.call(response, chunk, "utf8")) as typeof write;
        },
      ],
      compression: [
        (request, response) => {
          response.setHeader("Content-Type", "text/event-stream");
          compression()(request as never, response as never, () => {});
        },
        "GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n",
      ],
      "a wrapped socket": [
        (_, { socket }) => {
          const write = socket!.write.bind(socket);
          socket!.write = ((chunk: Buffer) => write(chunk)) as Socket["write"];
        },
      ],
    };
    for (const [name, [prepare, request]] of Object.entries(cases)) {
      assert.equal(await isDirect(prepare, request), false, name);
    }
  });

  it("wait for their turn on a connection with pipelined requests", async () => {
    const responses: ServerResponse[] = [];
    const ask = await serve((_, response) => void responses.push(response));
    ask(GET + GET);
    await until(() => responses.length === 2);
    const [first, second] = responses as [ServerResponse, ServerResponse];
    second.write("waits");
    assert.equal(chunkedSocketOf(second), null);
    first.end();
    await until(() => chunkedSocketOf(second) !== null);
  });

  it("stop at the end of the response, and at the end of the connection", async () => {
    const responses: ServerResponse[] = [];
    const ask = await serve((_, response) => {
      response.write("first");
      responses.push(response);
    });
    const [one, other] = [ask(GET), ask(GET)];
    await until(() => responses.length === 2);
    responses[0]!.end();
    assert.equal(chunkedSocketOf(responses[0]!), null);
    for (const socket of [one, other]) socket.destroy();
    await until(() => responses[1]!.destroyed);
    assert.equal(chunkedSocketOf(responses[1]!), null);
  });

  it("carry a stream without a byte too many, also beyond what the socket takes at once", async () => {
    const bus = new Bus({ retention: { bytes: 2 ** 28 } });
    const ask = await serve(mount(bus, { maxBuffered: 2 ** 24 }));
    const socket = ask("GET /events?channels=a&last=0 HTTP/1.1\r\nHost: x\r\n\r\n");
    let text = "";
    socket.setEncoding("utf8").on("data", (data: string) => {
      text += data;
    });
    await until(() => text.includes("event: position"));
    const sent: unknown[] = [];
    for (let n = 0; n < 60; n += 1) {
      const message = { n, text: "ä€😀".repeat(n % 3 === 0 ? 60_000 : n) };
      sent.push(message);
      if (n === 10) socket.pause();
      if (n === 40) socket.resume();
      await bus.sendone("a", message);
    }
    await bus.sendone("a", "end");
    await until(() => text.includes('"end"'));
    const events = unchunked(Buffer.from(text.slice(text.indexOf("\r\n\r\n") + 4)).toString("latin1"));
    const lines = Buffer.from(events, "latin1").toString().split("\n");
    const data = lines
      .filter((line) => line.startsWith('data: {"id"'))
      .map((line) => JSON.parse(line.slice(6)).message);
    assert.deepEqual(data, [...sent, "end"]);
    const over = once(socket, "end");
    await bus.close();
    await over;
    assert.ok(text.endsWith("0\r\n\r\n"));
  });
});
