import { readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { until } from "../../../src/testing/conformance/bus/topic.ts";
import { type Generation, OdooClient } from "../../http/websocket/odoo-client.ts";
import { Application, folderOf, manifestOf, versionFor } from "./hosts.ts";

const FILE = join(tmpdir(), `odoo-move-${process.pid}.sqlite`);
const GENERATIONS: readonly Generation[] = [16, 17, 18, 19];
const [ANN, BOB, CID] = ["session_id=ann's", "session_id=bob's", "session_id=cid's"];

interface Polled {
  readonly id: number;
  readonly channel: unknown;
  readonly message: { readonly type?: string; readonly payload?: unknown };
}

const application = new Application("odoo-move", { BUS_FILE: FILE });
const open = new Set<OdooClient>();

/** Starts a page of this version, whose pauses are short. */
function page(generation: Generation, cookie: string, last: number): OdooClient {
  const plan = (work: () => void, ms: number) => {
    const timer = setTimeout(work, Math.min(ms, 100));
    return () => clearTimeout(timer);
  };
  const client = new OdooClient(generation, application.address.replace("http", "ws"), plan, { last, cookie });
  open.add(client);
  client.add("lobby");
  client.start();
  return client;
}

async function call(path: string, params: object, cookie = ""): Promise<unknown> {
  const response = await fetch(`${application.address}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", cookie },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, params }),
  });
  const { result, error } = (await response.json()) as { result?: unknown; error?: { code: number } };
  return result ?? error?.code;
}

function poll(last: number, cookie: string, options: object = {}): Promise<readonly Polled[]> {
  return call("/longpolling/poll", { channels: ["lobby"], last, options }, cookie) as Promise<readonly Polled[]>; // a list
}

async function send(channel: unknown, payload: unknown): Promise<number> {
  const response = await fetch(`${application.address}/send`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer secret" },
    body: JSON.stringify({ channel, message: { type: "note", payload } }),
  });
  return ((await response.json()) as { id: number }).id;
}

function notes({ heard }: OdooClient): readonly unknown[] {
  return heard.filter(({ message }) => message.type === "note").map(({ message }) => message.payload);
}

async function hears(client: OdooClient, ...payloads: readonly unknown[]): Promise<void> {
  await until(() => notes(client).length >= payloads.length, `the page hears ${payloads.length}`);
  expect(notes(client)).toEqual(payloads);
}

describe("the example of a move from Odoo", () => {
  beforeAll(() => application.start());
  afterEach(() => {
    for (const client of open) client.stop();
    open.clear();
  });
  afterAll(async () => {
    await application.stop("SIGKILL");
    for (const end of ["", "-wal", "-shm"]) rmSync(FILE + end, { force: true });
  });

  it("has at most 60 lines a program, a README of one screen, and the versions that are tested here", () => {
    const folder = folderOf("odoo-move");
    const lines = (file: string) => readFileSync(join(folder, file), "utf8").trimEnd().split("\n").length;
    for (const file of readdirSync(folder).filter((name) => name.endsWith(".js"))) {
      expect(lines(file), file).toBeLessThanOrEqual(60);
    }
    expect(lines("README.md")).toBeLessThanOrEqual(40);
    for (const [name, range] of Object.entries(manifestOf("odoo-move").dependencies)) {
      expect(versionFor("odoo-move", name).split(".")[0], name).toBe(range.slice(1).split(".")[0]);
    }
  });

  it.each(GENERATIONS)("gives a page of %d what is sent, its private channel, and no other's", async (generation) => {
    const last = await send("elsewhere", 0);
    const ann = page(generation, ANN, last);
    await send("lobby", "for all");
    await send(["res.partner", 3], "for Bob");
    await send(["res.partner", 2], "for Ann");
    await hears(ann, "for all", "for Ann");
  });

  it("gives pages of 8 to 14 the same by polls", async () => {
    const last = await send("elsewhere", 0);
    const waiting = poll(last, ANN);
    await send(["res.partner", 3], "for Bob");
    const id = await send(["res.partner", 2], "for Ann");
    const message = { type: "note", payload: "for Ann" };
    expect(await waiting).toEqual([{ id, channel: ["res.partner", 2], message }]);
    expect(await fetch(`${application.address}/send`, { method: "POST" })).toMatchObject({ status: 403 });
    expect(await (await fetch(`${application.address}/websocket/health`)).json()).toEqual({ status: "pass" });
  });

  it("goes on after a restart where each page was", async () => {
    const last = await send("elsewhere", 0);
    const pages = GENERATIONS.map((generation) => page(generation, BOB, last));
    await send("lobby", "before");
    await Promise.all(pages.map((each) => hears(each, "before")));
    const port = new URL(application.address).port;
    expect(await application.stop("SIGTERM")).toBe(0);
    await application.start(port);
    await send("lobby", "after");
    await Promise.all(pages.map((each) => hears(each, "before", "after")));
    expect((await poll(last, BOB)).filter(({ message }) => message.type === "note")).toMatchObject([
      { channel: "lobby", message: { payload: "before" } },
      { channel: "lobby", message: { payload: "after" } },
    ]);
  });

  it("tells each generation the statuses of partners that another one reports", async () => {
    const last = await send("elsewhere", 0);
    const watchers = ([17, 18, 19] as const).map((generation) => page(generation, BOB, last));
    for (const watcher of watchers) watcher.add("odoo-presence-res.partner_4");
    await until(() => watchers.every(({ isOpen }) => isOpen), "the watchers are open");
    const options = { bus_inactivity: 1_900_000, bus_presence_partner_ids: [4] };
    const polled = poll(last, CID, options);
    const statuses = () => call("/longpolling/im_status", { partner_ids: [4] }, BOB);
    await until(() => watchers.every((each) => each.statuses.get(4) === "away"), "the watchers hear that Cid is away");
    expect(await statuses()).toEqual([{ id: 4, im_status: "away" }]);
    expect(await call("/longpolling/im_status", { partner_ids: [4] })).toBe(100);
    await send("lobby", "ends the poll");
    const rows = (await polled).filter(({ id }) => id === -1);
    expect(rows.map(({ message }) => message)).toEqual([{ id: 4, im_status: "away" }]);
    const old = page(16, BOB, last);
    old.watch(4);
    await until(() => old.statuses.get(4) !== undefined, "a page of 16 is answered");
    expect(old.statuses.get(4)).toBe("away");
  });

  it("keeps the socket of a visitor, who has other cookies and no session", async () => {
    const visitor = page(18, "nightbus-peeked=1; lang=en", await send("lobby", "before"));
    await until(() => visitor.isOpen, "the visitor's page is open");
    await send("lobby", "for all");
    await hears(visitor, "for all");
    expect(await call("/websocket/peek_notifications", { channels: [], last: 0 }, "nightbus-peeked=1")).not.toBe(100);
  });

  it("ends the sockets of a session that has ended", async () => {
    const pages = GENERATIONS.map((generation) => page(generation, ANN, 0));
    await until(() => pages.every(({ isOpen }) => isOpen), "the pages are open");
    const bob = page(18, BOB, await send("elsewhere", 0));
    await fetch(`${application.address}/sign-out`, { method: "POST", headers: { cookie: ANN } });
    await send("lobby", "a secret of the lobby");
    await until(
      () => pages.every(({ closes }) => closes.some((close) => close.startsWith("4001"))),
      "the sockets close",
    );
    await hears(bob, "a secret of the lobby");
    for (const each of pages) expect(notes(each)).not.toContain("a secret of the lobby");
  });
});
