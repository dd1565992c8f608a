import assert from "node:assert/strict";
import { Bus } from "nightbus";
import { asyncapi } from "nightbus/asyncapi";
import { string } from "valibot";
import { describe, it } from "vitest";
import { z } from "zod";

const OPTIONS = { title: "Club", version: "1.0.0" };

describe("an AsyncAPI document", () => {
  it("has a channel for each name, what readers get, and what clients send only if they may", () => {
    const bus = new Bus({ channels: { lobby: z.object({ text: z.string() }), game: string() } });
    const { channels, operations, components } = asyncapi(bus, OPTIONS) as Record<string, Record<string, object>>;
    assert.deepEqual(Object.keys(channels!), ["lobby", "game"]);
    assert.deepEqual(Object.keys(operations!), ["send.lobby", "send.game"]);
    const { "lobby.read": lobby, "game.read": game } = components!["schemas"] as Record<string, unknown>;
    assert.deepEqual((lobby as { required: unknown }).required, ["text"]);
    assert.deepEqual(game, {}, "a library without JSON Schema");
    const sending = asyncapi(bus, { ...OPTIONS, send: true })["operations"] as object;
    assert.deepEqual(Object.keys(sending), ["send.lobby", "receive.lobby", "send.game", "receive.game"]);
  });

  it("says that a library cannot describe a schema", () => {
    const bus = new Bus({ channels: { at: z.string().transform(Number) } });
    const { schemas } = asyncapi(bus, OPTIONS)["components"] as { schemas: Record<string, object> };
    assert.deepEqual(schemas["at.read"], { description: "The schema's library cannot describe its output." });
  });

  it("is refused for a bus without a contract, and without a title", () => {
    assert.throws(() => asyncapi(new Bus(), OPTIONS), { code: "bad_option", message: /channels/ });
    const bus = new Bus({ channels: {} });
    assert.throws(() => asyncapi(bus, { ...OPTIONS, title: "" }), { code: "bad_option", message: /title/ });
    assert.throws(() => asyncapi(bus, { ...OPTIONS, titel: "x" } as never), { code: "bad_option", message: /titel/ });
  });
});
