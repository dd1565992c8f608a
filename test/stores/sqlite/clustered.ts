// An application of `node:cluster`: workers that serve one port, with a bus each on one file. `clustered.ts PATH WORKERS PORT`.
// The primary prints the process of each worker that listens, and replaces one that ends.
import cluster from "node:cluster";
import { createServer } from "node:http";
import { Bus } from "../../../src/bus.ts";
import { mount } from "../../../src/http/node.ts";
import { sqlite } from "../../../src/stores/sqlite.ts";

const [path, workers, port] = process.argv.slice(2);
if (cluster.isPrimary) lead();
else await serve();

function lead(): void {
  // The primary of Deno throws this if a connection comes before it knows that a worker has ended (seen with 2.9).
  process.on("uncaughtException", (error) => {
    if (error.name !== "BrokenPipe") throw error;
  });
  for (let n = 0; n < Number(workers); n += 1) cluster.fork();
  cluster.on("exit", () => cluster.fork());
  cluster.on("listening", (worker) => console.log(worker.process.pid));
}

async function serve(): Promise<void> {
  const bus = new Bus({ store: sqlite(path!) });
  await bus.ready();
  const longpolling = mount(bus, { send: () => true, prefix: "/longpolling" });
  const server = createServer((request, response) => {
    response.setHeader("Worker", process.pid);
    void longpolling(request, response);
  });
  server.listen(Number(port), "127.0.0.1");
}
