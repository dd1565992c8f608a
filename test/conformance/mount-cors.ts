import { expect, it } from "vitest";
import type { Start } from "./mount.ts";

/** Pages of other origins. */
export function describeCors<Context>(start: Start<Context>): void {
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
}
