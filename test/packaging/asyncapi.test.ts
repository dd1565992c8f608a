import { Parser } from "@asyncapi/parser";
import { type } from "arktype";
import { Bus } from "nightbus";
import { asyncapi } from "nightbus/asyncapi";
import { mount } from "nightbus/fetch";
import * as valibot from "valibot";
import { expect, it } from "vitest";
import { z } from "zod";

const Tree: z.ZodType = z.object({ name: z.string(), parts: z.array(z.lazy(() => Tree)) });

const channels = {
  lobby: z.object({ text: z.string().max(500), at: z.string().transform(Number) }),
  "a-20-b": type({ x: "number" }),
  "a b": z.number(),
  "grüße/{x}": valibot.object({ move: valibot.string() }),
  tree: Tree,
  trees: z.object({ left: Tree, right: Tree }),
  ["__proto__"]: z.null(),
  any: z.string(),
  "*": z.unknown(),
};

it("is a document that AsyncAPI's own parser accepts, also as a mount serves it", async () => {
  const bus = new Bus({ channels });
  const servers = { production: { host: "example.com", protocol: "https" } };
  const given = { title: "Club", version: "1.0.0", description: "A club.", servers, send: true };
  const handler = mount(bus, { asyncapi: asyncapi(bus, given) });
  const text = await (await handler(new Request("http://nightbus.test/asyncapi"))).text();
  const { document, diagnostics } = await new Parser().parse(text);
  expect(diagnostics.map(({ code }) => code)).toEqual(["asyncapi-latest-version"]); // a hint that 3.1 exists
  const names = document!
    .channels()
    .all()
    .map((channel) => channel.address());
  expect(names).toEqual(["lobby", "a-20-b", "a b", "grüße/{x}", "tree", "trees", "__proto__", "any", "{name}"]);
  const sizes = document!
    .operations()
    .all()
    .map((operation) => operation.messages().all().length);
  expect(sizes).toEqual(names.flatMap(() => [1, 1]));
  await bus.close();
});
