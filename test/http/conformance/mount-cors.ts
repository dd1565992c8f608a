import { expect, it, onTestFinished } from "vitest";
import { Bus } from "../../../src/bus.ts";
import type { Host, Start } from "./host.ts";

/** Pages of other origins. */
export function describeCors<Context>(start: Start<Context>, host: Host<Context>): void {
  const from = (origin: string) => ({ headers: { origin } });

  it("is closed to pages of other origins unless asked", async () => {
    const { client } = await start();
    const reply = await client.request("health", from("https://a.example"));
    expect(reply.headers.get("access-control-allow-origin")).toBeNull();
  });

  it("answers nobody's preflight unless asked, on no route", async () => {
    const { client } = await start({ send: () => true });
    const headers = { origin: "https://a.example", "access-control-request-method": "POST" };
    for (const route of ["poll", "events", "send", "health"]) {
      const reply = await client.request(route, { method: "OPTIONS", headers });
      expect(reply.status).toBe(405);
      expect([...reply.headers.keys()].filter((name) => name.startsWith("access-control-"))).toEqual([]);
    }
  });

  it("takes a send only as JSON, which no page sends to another origin without asking, and asks the hook of no other", async () => {
    let asked = 0;
    const send = () => {
      asked += 1;
      return true;
    };
    const { bus, client } = await start({ send });
    const entries = '{"entries":[["x",1]]}';
    for (const type of [
      "text/plain",
      "text/plain; application/json",
      "text/plain; charset=application/json",
      "multipart/form-data; boundary=application/json",
      "application/x-www-form-urlencoded",
      "application/json, text/plain",
      "application/jsonp",
      "text/json",
      "",
    ]) {
      const { status } = await client.request("send", {
        method: "POST",
        body: entries,
        headers: { "content-type": type },
      });
      expect([type, status]).toEqual([type, 415]);
    }
    expect((await client.request("send", { method: "POST", body: new Blob([entries]) })).status).toBe(415);
    expect((await client.get(`send?entries=${encodeURIComponent('[["x",1]]')}`)).status).toBe(405);
    expect(asked).toBe(0);
    expect(await bus.recent(["x"], 1)).toEqual([]);
  });

  it("gives credentials to named origins alone", async () => {
    for (const origin of ["*", ["https://a.example", "*"]]) {
      await expect(start({ cors: { origin, credentials: true } })).rejects.toMatchObject({ code: "bad_option" });
    }
    const { client } = await start({ cors: { origin: ["https://a.example"], credentials: true } });
    for (const other of [
      "*",
      "null",
      "https://a.example.evil",
      "https://A.example",
      "http://a.example",
      "https://a.example, *",
    ]) {
      const reply = await client.request("health", from(other));
      expect(reply.headers.get("access-control-allow-origin")).toBeNull();
      expect(reply.headers.get("access-control-allow-credentials")).toBeNull();
    }
    const all = await (await start({ cors: { origin: "*" } })).client.request("health", from("https://a.example"));
    expect(all.headers.get("access-control-allow-credentials")).toBeNull();
  });

  it("lets named origins read, with credentials", async () => {
    const { client } = await start({ cors: { origin: ["https://a.example"], credentials: true, maxAge: 60 } });
    const reply = await client.request("health", from("https://a.example"));
    expect(reply.headers.get("access-control-allow-origin")).toBe("https://a.example");
    expect(reply.headers.get("access-control-allow-credentials")).toBe("true");
    expect(reply.headers.get("access-control-expose-headers")).toBe("Nightbus-Last, Nightbus-Missed, Retry-After");
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

  it("leaves no rejection of the function of origins unhandled", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): number => unhandled.push(reason);
    process.on("unhandledRejection", note);
    onTestFinished(() => void process.off("unhandledRejection", note));
    const origin = (() => Promise.reject(new Error("no database"))) as unknown as () => boolean;
    const { client } = await start({ cors: { origin } });
    const reply = await client.request("health", from("https://a.example"));
    expect(reply.headers.get("access-control-allow-origin")).toBeNull();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(unhandled).toEqual([]);
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
