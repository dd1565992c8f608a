import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { freePort, Instance } from "../../../test/support/engines/instance.ts";
import { program } from "../../../test/support/engines/programs.ts";
import { processesOf } from "./clocks.ts";
import { Publisher } from "./publisher.ts";
import type { Rival, Sent } from "./rival.ts";

/** A sentence that says what to install; undefined if pushpin is there. */
export function missing(): string | undefined {
  const isThere = ["pushpin", "zurl", "condure"].every((name) => program(name) !== undefined);
  return isThere ? undefined : "install the Debian package pushpin";
}

/** Starts pushpin's processes, and the server behind it that says which channel a stream reads. */
export async function start(): Promise<Rival> {
  const backend = createServer((_, response) => {
    response.writeHead(200, {
      "Content-Type": "text/event-stream",
      "Grip-Hold": "stream",
      "Grip-Channel": "lobby",
    });
    response.end("retry: 2000\n\n");
  }).listen(0, "127.0.0.1");
  await once(backend, "listening");
  const { port: behind } = backend.address() as AddressInfo; // the server listens on a port, not a pipe
  const publishing = await freePort();
  const instance = new Instance({
    name: "pushpin",
    command: program("pushpin")!,
    politely: "SIGTERM",
    args: (port, folder) => {
      writeFileSync(join(folder, "pushpin.conf"), configuration(folder, port, publishing)); // each start has another port
      writeFileSync(join(folder, "routes"), `* 127.0.0.1:${behind}\n`);
      return ["--config", join(folder, "pushpin.conf")];
    },
    answers: async (port) => {
      const leaving = new AbortController();
      const { status } = await fetch(`http://127.0.0.1:${port}/events`, { signal: leaving.signal });
      leaving.abort();
      if (status !== 200) throw new Error(`pushpin answered ${status}`);
    },
    connection: (port) => `http://127.0.0.1:${port}`,
  });
  await instance.start();
  const publisher = new Publisher(`http://127.0.0.1:${publishing}/publish/`);
  return {
    port: instance.port,
    processes: processesOf("pushpin"),
    send: (sent) => publisher.publish(itemOf(sent)),
    async close() {
      publisher.close();
      backend.close();
      await instance.close();
    },
  };
}

function itemOf({ id, channel, message }: Sent): string {
  const content = `id: ${id}\ndata: ${JSON.stringify({ id, channel, message })}\n\n`;
  return JSON.stringify({ items: [{ channel, formats: { "http-stream": { content } } }] });
}

function configuration(folder: string, port: number, publishing: number): string {
  const socket = (name: string): string => `ipc://${folder}/nightbus-${name}`;
  return `
[global]
include={libdir}/internal.conf
rundir=${folder}
ipc_prefix=nightbus-

[runner]
services=condure,zurl,pushpin-proxy,pushpin-handler
http_port=127.0.0.1:${port}
logdir=${folder}
log_level=1
client_buffer_size=8192
client_maxconn=16000

[proxy]
routesfile=${folder}/routes
zurl_out_specs=${socket("zurl-in")}
zurl_out_stream_specs=${socket("zurl-in-stream")}
zurl_in_specs=${socket("zurl-out")}

[handler]
push_in_spec=${socket("push-in")}
push_in_sub_specs=${socket("push-in-sub")}
push_in_http_addr=127.0.0.1
push_in_http_port=${publishing}
command_spec=${socket("command")}
message_rate=1000000
message_hwm=1000000
`;
}
