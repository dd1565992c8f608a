import { Bus } from "../../../src/index.ts";

// A worker of node:cluster whose bus has no store.
const bus = new Bus();
bus.on("error", (error) => console.log(error.message));
await bus.ready();
setTimeout(() => process.disconnect(), 10);
