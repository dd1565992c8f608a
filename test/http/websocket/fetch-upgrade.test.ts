import { expect, it, onTestFinished, vi } from "vitest";
import { makeBed, type Options } from "./bed.ts";
import { handshakeHeaders } from "./raw.ts";

/** A bed on a runtime that upgrades as Deno does. Returns the statuses and the codes of so many handshakes. */
async function onDeno(upgradeWebSocket: () => unknown, options: Options = {}) {
  const bed = await makeBed(options);
  vi.stubGlobal("Deno", { upgradeWebSocket });
  onTestFinished(() => void vi.unstubAllGlobals());
  const ask = async (headers: Readonly<Record<string, string>> = {}): Promise<readonly unknown[]> => {
    const all = handshakeHeaders({ Connection: "keep-alive, Upgrade", ...headers });
    const response = await bed.sockets.fetch(new Request("http://x/websocket", { headers: all }));
    const text = await response!.text();
    return [response!.status, ...(text === "" ? [] : [JSON.parse(text).error.code])];
  };
  return { bed, ask };
}

/** A socket as Deno hands it out, and an answer that stands for its 101. */
function made() {
  const socket = Object.assign(new EventTarget(), { bufferedAmount: 0 });
  return { socket, response: new Response(null) };
}

it("gives back the place of a handshake that Deno refuses, and reports it", async () => {
  const fault = new TypeError("this request was upgraded already");
  const { bed, ask } = await onDeno(
    () => {
      throw fault;
    },
    { maxSockets: 1 },
  );
  expect([await ask(), await ask()]).toEqual([
    [500, "internal"],
    [500, "internal"],
  ]);
  expect(bed.errors).toEqual([fault, fault]);
});

it("gives back the place of a socket of Deno that fails before it opens", async () => {
  const sockets: EventTarget[] = [];
  const { ask } = await onDeno(
    () => {
      const { socket, response } = made();
      sockets.push(socket);
      return { socket, response };
    },
    { maxSockets: 1 },
  );
  expect([await ask(), await ask()]).toEqual([[200], [503, "busy"]]);
  sockets[0]!.dispatchEvent(new Event("error"));
  expect(await ask()).toEqual([200]);
});

it("refuses a handshake whose header Connection asks for no upgrade with 400, before Deno is asked", async () => {
  const { bed, ask } = await onDeno(made);
  for (const connection of ["", "keep-alive", "upgraded", "keep-alive; upgrade"]) {
    expect(await ask({ Connection: connection })).toEqual([400, "bad_handshake"]);
  }
  for (const connection of ["upgrade", "Upgrade , keep-alive"])
    expect(await ask({ Connection: connection })).toEqual([200]);
  expect(bed.errors).toEqual([]);
});
