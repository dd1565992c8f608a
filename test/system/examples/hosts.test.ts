import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { EventSource } from "eventsource";
import { createParser } from "eventsource-parser";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Client } from "../../http/conformance/client.ts";
import { describeBrowser } from "../../support/browser.ts";
import { Application, folderOf, HOSTS, hasPrograms, manifestOf, versionFor } from "./hosts.ts";

const STAFF = { headers: { authorization: "Bearer secret" } };
const why = hasPrograms ? "" : " (skipped: they need `npm ci --prefix examples`)";

interface Batch {
  readonly notifications: readonly { readonly message: { readonly text: string } }[];
  readonly last: number;
  readonly missed: boolean;
}

describe("the examples of hosts", () => {
  it("are one for each host of the table of mounts", () => {
    expect(HOSTS).toEqual(["bun", "deno", "express", "fastify", "hono", "koa", "next", "node"]);
  });

  it.each(HOSTS)("have at most 60 lines a program, and a README of one screen: %s", (host) => {
    const programs = readdirSync(folderOf(host), { recursive: true, encoding: "utf8" }).filter(
      (file) => /\.(js|html)$/.test(file) && !/^(\.next|node_modules)\b/.test(file),
    );
    for (const file of programs) expect(linesOf(host, file), file).toBeLessThanOrEqual(60);
    expect(linesOf(host, "README.md")).toBeLessThanOrEqual(40);
  });

  it("serve one page, but for that of Next.js, which is a component", () => {
    const pages = HOSTS.filter((host) => host !== "next").map((host) =>
      readFileSync(join(folderOf(host), "index.html"), "utf8"),
    );
    expect(new Set(pages).size).toBe(1);
  });
});

describe.skipIf(!hasPrograms)(`the applications of the examples${why}`, () => {
  const applications = HOSTS.map((host) => new Application(host));

  beforeAll(async () => {
    await Promise.all(
      applications.map(async (application) => {
        await application.build();
        await application.start();
      }),
    );
  }, 120_000);
  afterAll(async () => {
    await Promise.all(applications.map((application) => application.stop("SIGKILL")));
  });

  describe.each(applications)("$host", (application) => {
    const { host } = application;
    const client = () => new Client(`${application.address}/longpolling`);

    it("has dependencies whose ranges hold what is tested here", () => {
      for (const [name, range] of Object.entries(manifestOf(host).dependencies)) {
        expect(within(versionFor(host, name), range), `${name} ${range}`).toBe(true);
      }
    });

    it("answers a poll that waits with what another client sends", async () => {
      const { last } = (await client().poll({ channels: ["lobby"], timeout: 0 })).json as Batch;
      const waiting = client().poll({ channels: ["lobby"], last });
      const { status } = await client().post("send", entry("lobby", "good evening"));
      expect(status).toBe(200);
      const batch = (await waiting).json as Batch;
      expect(batch.missed).toBe(false);
      expect(batch.notifications.map(({ message }) => message.text)).toEqual(["good evening"]);
    });

    it("streams what is sent", async () => {
      const stream = await Stream.open(`${application.address}/longpolling/events?channels=lobby`);
      await stream.next("position");
      await client().post("send", entry("lobby", "and now as a stream"));
      expect((await stream.next("message")).message).toEqual({ text: "and now as a stream" });
      stream.close();
    });

    it("streams the private channel to its holder alone, to an outsider's client", async () => {
      const url = `${application.address}/longpolling/events?channels=`;
      const [staff, stranger] = [
        await Listener.open(`${url}lobby&channels=staff`, STAFF),
        await Listener.open(`${url}lobby`),
      ];
      const refused = new EventSource(`${url}staff`);
      const outcome = await new Promise((resolve) => {
        refused.addEventListener("open", () => resolve("open"));
        refused.addEventListener("error", ({ code }) => resolve(code));
      });
      expect(outcome).toBe(401);
      await client().post("send", entry("staff", "for the staff"), STAFF);
      await client().post("send", entry("lobby", "for all"));
      await Promise.all([staff.hears("for all"), stranger.hears("for all")]);
      expect(staff.heard).toEqual(["for the staff", "for all"]);
      expect(stranger.heard).toEqual(["for all"]);
      for (const source of [staff.source, stranger.source, refused]) source.close();
    });

    it.each(["{", '{"entries":1}', '{"entries":[["lobby"]]}'])("refuses the body %s", async (body) => {
      const { status, json } = await client().post("send", body);
      expect(status).toBe(400);
      expect(json).toMatchObject({ error: { code: expect.any(String) } });
    });

    it("refuses the private channel to strangers, and opens it to staff", async () => {
      const asked = { channels: ["lobby", "staff"], timeout: 0 };
      const refused = await client().poll(asked);
      expect(refused.status).toBe(401);
      expect(refused.json).toEqual({ error: { code: "refused", message: "sign in first" } });
      expect((await client().post("send", entry("staff", "a stranger"))).status).toBe(403);
      expect((await client().post("send", entry("staff", "for us"), STAFF)).status).toBe(200);
      const { notifications } = (await client().poll({ ...asked, last: 0 }, STAFF)).json as Batch;
      expect(notifications.at(-1)!.message.text).toBe("for us");
      expect(notifications.map(({ message }) => message.text)).not.toContain("a stranger");
    });
  });

  describeBrowser("in Chromium", (browser) => {
    it.each(applications)("$host shows to one page what another page says, as text", async ({ address }) => {
      const pages = [await browser().newPage(), await browser().newPage()] as const;
      const errors: Error[] = [];
      for (const page of pages) {
        page.on("pageerror", (error) => errors.push(error));
        const streaming = page.waitForResponse((response) => response.url().includes("/longpolling/events"));
        await page.goto(address);
        await streaming;
      }
      await pages[0].getByLabel("Your words").fill("<b>from a page</b>");
      await pages[0].getByLabel("Your words").press("Enter");
      for (const page of pages) await page.getByRole("listitem").filter({ hasText: "<b>from a page</b>" }).waitFor();
      expect(errors).toEqual([]);
      await Promise.all(pages.map((page) => page.close()));
    });
  });

  it.each(applications)(
    "$host ends at SIGTERM within a second while a stream is open, and a connection that a browser has to spare",
    async (application) => {
      // The server of Next.js is its own, and waits for such a connection.
      const spare = application.host === "next" ? undefined : await connectTo(application);
      const stream = await Stream.open(`${application.address}/longpolling/events?channels=lobby`);
      await stream.next("position");
      const began = performance.now();
      const ended = application.stop("SIGTERM");
      await stream.end();
      expect(await ended).toBe(application.host === "next" ? 143 : 0);
      expect(performance.now() - began).toBeLessThan(1_000);
      spare?.destroy();
    },
  );
});

async function connectTo({ address }: Application): Promise<Socket> {
  const socket = connect({ port: Number(new URL(address).port), host: "127.0.0.1" });
  await once(socket, "connect");
  return socket;
}

/** A stream of server-sent events that a test reads one by one. */
class Stream {
  readonly #abort = new AbortController();
  readonly #events: { readonly type: string; readonly data: string }[] = [];
  #body!: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  readonly #parser = createParser({
    onEvent: ({ event, data }) => this.#events.push({ type: event ?? "message", data }),
  });

  static async open(url: string): Promise<Stream> {
    const stream = new Stream();
    const response = await fetch(url, { signal: stream.#abort.signal });
    expect(response.headers.get("content-type")).toMatch(/^text\/event-stream\b/);
    stream.#body = response.body!.getReader();
    return stream;
  }

  /** Resolves with the data of the next event, which has this type. */
  async next(type: string): Promise<{ readonly message?: unknown }> {
    while (this.#events.length === 0) {
      const { value, done } = await this.#body.read();
      if (done) throw new Error("the stream has ended");
      this.#parser.feed(this.#decoder.decode(value, { stream: true }));
    }
    const event = this.#events.shift()!;
    expect(event.type).toBe(type);
    return JSON.parse(event.data) as { readonly message?: unknown };
  }

  /** Resolves when the server has ended the stream. */
  async end(): Promise<void> {
    while (!(await this.#body.read()).done);
  }

  close(): void {
    this.#abort.abort();
  }
}

/** An `EventSource` of the package `eventsource`, and the texts that it hears. */
class Listener {
  readonly heard: string[] = [];
  readonly source: EventSource;

  private constructor(url: string, headers: Record<string, string>) {
    this.source = new EventSource(url, {
      fetch: (to, init) => fetch(to, { ...init, headers: { ...init.headers, ...headers } }),
    });
    this.source.onmessage = ({ data }) => this.heard.push(JSON.parse(data).message.text);
  }

  /** Resolves when the stream has a position, so that it misses nothing sent later. Rejects if the host refuses it. */
  static async open(url: string, { headers } = { headers: {} }): Promise<Listener> {
    const listener = new Listener(url, headers);
    await new Promise((resolve, reject) => {
      listener.source.addEventListener("position", resolve, { once: true });
      listener.source.addEventListener("error", reject, { once: true });
    });
    return listener;
  }

  /** Resolves when the listener has heard a text. */
  async hears(text: string): Promise<void> {
    while (!this.heard.includes(text)) await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function entry(channel: string, text: string): string {
  return JSON.stringify({ entries: [[channel, { text }]] });
}

function linesOf(host: string, file: string): number {
  return readFileSync(join(folderOf(host), file), "utf8")
    .trimEnd()
    .split("\n").length;
}

/** True if a version is in a range that begins with a caret. */
function within(version: string, range: string): boolean {
  const [have, least] = [version, range.replace(/^\^/, "")].map((one) => one.split(".").map(Number));
  const fixed = least!.findIndex((part) => part !== 0);
  const first = least!.findIndex((part, at) => have![at] !== part);
  return range.startsWith("^") && (first === -1 || (first > fixed && have![first]! > least![first]!));
}
