import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Instance } from "../../../test/support/engines/instance.ts";
import { program } from "../../../test/support/engines/programs.ts";
import { processesOf } from "./clocks.ts";
import { Publisher } from "./publisher.ts";
import type { Rival, Sent } from "./rival.ts";

const MODULE = "/usr/lib/nginx/modules/ngx_nchan_module.so";
/** More than any row sends while its readers are away. */
const BUFFER = 2_000;

/** A sentence that says what to install; undefined if nchan is there. */
export function missing(): string | undefined {
  const isThere = program("nginx") !== undefined && existsSync(MODULE);
  return isThere ? undefined : "install the Debian packages nginx and libnginx-mod-nchan";
}

/** Starts nginx with one worker, whose streams are at `/events` and whose polls are at `/poll`. */
export async function start(): Promise<Rival> {
  return serve(({ id, message }) => JSON.stringify({ id, channel: "lobby", message }));
}

/** Starts the same server, but its messages are whole answers to polls, as the bus writes them. */
export async function startPolls(): Promise<Rival> {
  return serve((sent) => JSON.stringify({ notifications: [sent], last: sent.id, missed: false }));
}

async function serve(bodyOf: (sent: Sent) => string): Promise<Rival> {
  const instance = new Instance({
    name: "nginx",
    command: program("nginx")!,
    politely: "SIGTERM", // QUIT would wait for open streams
    args: (port, folder) => {
      writeFileSync(join(folder, "nginx.conf"), configuration(port)); // each start has another port
      return ["-p", folder, "-c", join(folder, "nginx.conf")];
    },
    answers: async (port) => {
      await (await fetch(`http://127.0.0.1:${port}/ready`)).arrayBuffer();
    },
    connection: (port) => `http://127.0.0.1:${port}`,
  });
  await instance.start();
  const [, ...workers] = processesOf("nginx");
  if (workers.length !== 1) throw new Error(`nginx has ${workers.length} workers, not one`);
  const publisher = new Publisher(`${instance.connection()}/send`);
  return {
    port: instance.port,
    processes: workers,
    send: (sent) => publisher.publish(bodyOf(sent)),
    async parked() {
      const channel = JSON.parse(await publisher.get()) as { readonly subscribers: number }; // nchan's own description
      return channel.subscribers;
    },
    async close() {
      publisher.close();
      await instance.close();
    },
  };
}

function configuration(port: number): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${name};`);
  return `
load_module ${MODULE};
${process.getuid?.() === 0 ? "user root;" : ""}
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr error;
events { worker_connections 16000; }
http {
  access_log off;
  ${temporary.join("\n  ")}
  keepalive_timeout 1h;
  keepalive_requests 1000000;
  nchan_shared_memory_size 256M;
  server {
    listen 127.0.0.1:${port} backlog=10000;
    location = /ready { return 204; }
    location = /send {
      nchan_publisher;
      nchan_channel_id lobby;
      nchan_message_buffer_length ${BUFFER};
      nchan_message_timeout 1h;
    }
    location = /events { nchan_subscriber eventsource; nchan_channel_id lobby; nchan_subscriber_first_message newest; }
    location = /poll { nchan_subscriber longpoll; nchan_channel_id lobby; nchan_subscriber_first_message newest; }
  }
}
`;
}
