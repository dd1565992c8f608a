import { createServer } from "node:http";
import { Bus } from "nightbus";
import { mount } from "nightbus/node";
import { websocket } from "nightbus/websocket";
import { expect, it } from "vitest";

it.each([
  [{ pth: "/x" }, 'websocket has no option "pth"'],
  [{ path: "websocket" }, "path must begin with a slash"],
  [{ path: "/websocket/" }, "path must begin with a slash"],
  [{ channels: 5 }, "channels must be a function, got 5"],
  [{ alive: true }, "alive must be a function, got true"],
  [{ user: {} }, "user must be a function"],
  [{ onMissed: "log" }, "onMissed must be a function"],
  [{ version: 17 }, "version must be a string such as"],
  [{ heartbeat: 0 }, "heartbeat must be a number of ms above 0"],
  [{ heartbeat: -1 }, "heartbeat must be a number from 0 up"],
  [{ maxSockets: "many" }, 'maxSockets must be a number from 0 up, got "many"'],
  [{ maxAge: Number.NaN }, "maxAge must be a number from 0 up, got NaN"],
  [{ presence: {} }, "presence must be what"],
  [{ cors: { origin: "*", credentials: true } }, "cors.credentials needs named origins"],
])("a wrong option is refused with a sentence: %j", (options, sentence) => {
  const bus = new Bus();
  expect(() => websocket(bus, options as never)).toThrow(
    expect.objectContaining({ code: "bad_option", message: expect.stringContaining(sentence) }),
  );
});

it("an option that is undefined has its default", () => {
  const bus = new Bus();
  const { path, maxSockets, heartbeat } = { path: undefined, maxSockets: undefined, heartbeat: undefined };
  expect(() => websocket(bus, { path, maxSockets, heartbeat } as object)).not.toThrow();
  expect(() => mount(bus, { timeout: undefined, maxBody: undefined, prefix: undefined } as object)).not.toThrow();
});

it("a value that is no bus is refused", () => {
  expect(() => websocket({} as never)).toThrow(expect.objectContaining({ code: "bad_option" }));
});

it("hooks are typed by the channels of their bus and by the request of their host", () => {
  const bus = new Bus<{ lobby: string; "res.partner": number }>();
  const sockets = websocket(bus, {
    channels: (asked, { headers }) => [...asked, ["res.partner", Number(headers["x"])]],
  });
  createServer().on("upgrade", sockets.upgrade);
  websocket(bus, { user: (request: Request) => request.headers.get("x-user") ?? undefined });
  // @ts-expect-error: the bus has no such channel
  websocket(bus, { channels: () => [["elsewhere", 1]] });
  // @ts-expect-error: a user is a string or a number
  websocket(bus, { user: () => ({}) });
});
