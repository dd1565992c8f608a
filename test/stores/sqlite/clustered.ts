// An application of `node:cluster`: workers that serve one port, with a bus each on one file. `clustered.ts PATH WORKERS`.
// The primary prints the port of each worker, and replaces a worker that ends.
import cluster from "node:cluster";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Bus } from "../../../src/bus.ts";
import { mount } from "../../../src/http/node.ts";
import { sqlite } from "../../../src/stores/sqlite.ts";

const [path, workers] = process.argv.slice(2);
if (cluster.isPrimary) lead();
else await serve();

function lead(): void {
  for (let n = 0; n < Number(workers); n += 1) cluster.fork();
  cluster.on("exit", () => cluster.fork());
  cluster.on("listening", (worker, { port }) => console.log(JSON.stringify({ port, pid: worker.process.pid })));
}

async function serve(): Promise<void> {
  const bus = new Bus({ store: sqlite(path!) });
  await bus.ready();
  const longpolling = mount(bus, { send: () => true, prefix: "/longpolling" });
  const server = createServer((request, response) => {
    response.setHeader("Worker", process.pid);
    void longpolling(request, response);
  });
  server.listen(0, "127.0.0.1", () => (server.address() as AddressInfo).port);
}
