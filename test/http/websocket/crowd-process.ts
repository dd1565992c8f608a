// The clients of a crowd as a process of its own, because one process may not hold both ends of ten thousand connections.
import { type Order, RawClients } from "./crowd-clients.ts";

const clients = new RawClients(Number(process.argv[2]));
process.on("message", async (message) => {
  const order = message as Order; // crowd-fork.ts sends nothing else
  if (order === "pause") clients.pauseLast();
  else if (order !== "heard") await clients.open(order.open, order.channel);
  process.send?.(clients.heard);
});
process.on("disconnect", () => process.exit());
