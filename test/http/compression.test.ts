import { once } from "node:events";
import type { AddressInfo } from "node:net";
import compression from "compression";
import express from "express";
import { Bus } from "nightbus";
import { mount } from "nightbus/express";
import { expect, it } from "vitest";
import { openStream } from "./conformance/stream.ts";

it("streams through compression middleware, which would otherwise hold frames back", async () => {
  await using bus = new Bus();
  const app = express()
    .use(compression({ threshold: 0 }))
    .use("/bus", mount(bus));
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/bus`;
  const polled = await fetch(`${url}/poll?channels=a&last=${bus.last}&timeout=0`);
  expect(polled.headers.get("content-encoding"), "the middleware works").not.toBeNull();
  const stream = await openStream(`${url}/events?channels=a`);
  expect(stream.headers.get("content-encoding")).toBeNull();
  const id = await bus.sendone("a", 1);
  expect(await stream.take(1)).toMatchObject([{ id: String(id) }]);
  stream.leave();
  server.closeAllConnections();
  server.close();
});
