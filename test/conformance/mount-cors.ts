import { expect, it } from "vitest";
import { Bus } from "../../src/bus.ts";
import type { Host, Start } from "./mount.ts";

/** Pages of other origins. */
export function describeCors<Context>(start: Start<Context>, host: Host<Context>): void {
  const from = (origin: string) => ({ headers: { origin } });

  it("is closed to pages of other origins unless asked", async () => {
    const { client } = await start();
    const reply = await client.request("health", from("https://a.example"));
    expect(reply.headers.get("access-control-allow-origin")).toBeNull();
  });

  it("lets named origins read, with credentials", async () => {
    const { client } = await start({ cors: { origin: ["https://a.example"], credentials: true, maxAge: 60 } });
    const reply = await client.request("health", from("https://a.example"));
    expect(reply.headers.get("access-control-allow-origin")).toBe("https://a.example");
    expect(reply.headers.get("access-control-allow-credentials")).toBe("true");
    expect(reply.headers.get("access-control-expose-headers")).toBe("Nightbus-Last, Nightbus-Missed");
    expect(reply.headers.get("vary")).toContain("Origin");
    const other = await client.request("health", from("https://b.example"));
    expect(other.headers.get("access-control-allow-origin")).toBeNull();
    expect(other.headers.get("vary")).toContain("Origin");
    const asked = { origin: "https://a.example", "access-control-request-headers": "content-type" };
    const before = await client.request("poll", { method: "OPTIONS", headers: asked });
    expect(before.status).toBe(204);
    expect(before.headers.get("access-control-allow-methods")).toBe("GET, POST");
    expect(before.headers.get("access-control-allow-headers")).toBe("content-type");
    expect(before.headers.get("access-control-max-age")).toBe("60");
  });

  it("answers a preflight without a body, and without a length", async () => {
    const { client } = await start({ cors: { origin: "*" } });
    const reply = await client.request("poll", { method: "OPTIONS", headers: { origin: "https://a.example" } });
    expect(reply).toMatchObject({ status: 204, text: "" });
    expect(reply.headers.get("content-length")).toBeNull();
  });

  it("answers 500 without a word where the function of origins throws, tells the application, and sends nothing", async () => {
    const origin = () => {
      throw new Error("the password is 1234");
    };
    const { bus, client } = await start({ cors: { origin }, send: () => true });
    const errors: Error[] = [];
    bus.on("error", (error) => errors.push(error));
    const headers = { origin: "https://a.example" };
    const reply = await client.post("send", '{"entries":[["x",1]]}', { headers });
    expect(reply).toMatchObject({ status: 500, json: { error: { code: "internal" } } });
    expect(reply.text).not.toContain("1234");
    expect(reply.headers.get("access-control-allow-origin")).toBeNull();
    expect((await client.request("poll", { method: "OPTIONS", headers })).status).toBe(500);
    expect(errors).toHaveLength(2);
    expect(errors[0]).toMatchObject({ message: expect.stringMatching(/origin/), cause: expect.any(Error) });
    expect(await bus.recent(["x"], 1)).toEqual([]);
  });

  it("takes a promise for no permission", async () => {
    const origin = (async () => true) as unknown as () => boolean;
    const { client } = await start({ cors: { origin } });
    const reply = await client.request("health", from("https://a.example"));
    expect(reply.headers.get("access-control-allow-origin")).toBeNull();
  });

  it("lets a page of an allowed origin read why it was refused", async () => {
    const { client } = await start({ cors: { origin: (origin) => origin === "https://a.example" } });
    const reply = await client.poll({}, from("https://a.example"));
    expect(reply.status).toBe(400);
    expect(reply.headers.get("access-control-allow-origin")).toBe("https://a.example");
  });

  if (host.isAlone) return;
  it("adds to what the answer is said to vary by", async () => {
    const { client } = await start({ cors: { origin: "https://a.example" } }, new Bus(), { vary: "Accept-Encoding" });
    const reply = await client.request("health", from("https://a.example"));
    expect(reply.headers.get("vary")?.split(", ").sort()).toEqual(["Accept-Encoding", "Origin"]);
  });
}
