import fc from "fast-check";
import { expect, it } from "vitest";
import type { Start } from "./host.ts";
import { openStream } from "./stream.ts";

export const INJECTIONS_OF_A_HOST = 10;

/** Characters that end a line somewhere, or begin something at the start of a line. */
const breaks = fc.constantFrom(
  "\r",
  "\n",
  "\r\n",
  "\n\n",
  "\u2028",
  "\u2029",
  "\0",
  "\u0085",
  "\ud800",
  "\ufeff",
  "\n\nevent: missed\nid: 7\ndata: {}\n\n",
  "\r\n\r\nHTTP/1.1 200 OK\r\nX-Injected: 1\r\n\r\n",
  "data: ",
  ": ",
);
const text = fc
  .array(fc.oneof(breaks, fc.string({ unit: "binary" })), { minLength: 1, maxLength: 5 })
  .map((all) => all.join(""));
const name = text.filter(({ length }) => length > 0 && length < 200);
const entry = fc.tuple(name, fc.oneof(text, fc.dictionary(text, text, { maxKeys: 2 })));

/** Names and messages that would be frames or headers if they were not data. */
export function describeInjection<Context>(start: Start<Context>): void {
  it("carries whatever is in a name or a message as data, in frames and in answers", async () => {
    let granted: readonly string[] = [];
    const { bus, client } = await start({ channels: () => granted, send: () => true });
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 4 }), async (entries) => {
        granted = entries.map(([channel]) => channel);
        const last = bus.last;
        const stream = await openStream(`${client.url}/events`);
        const { json } = await client.post("send", JSON.stringify({ entries }));
        const { ids } = json as { readonly ids: readonly number[] };
        const expected = entries.map(([channel, message], index) => ({ id: ids[index], channel, message }));
        const events = await stream.take(entries.length);
        stream.leave();
        expect(events.map(({ id, event, data }) => [id, event, JSON.parse(data)])).toEqual(
          expected.map((notification) => [String(notification.id), undefined, notification]),
        );
        const lines = stream.text.split(/\r\n|\r|\n/);
        expect(
          lines.filter(
            (line) => !/^(|retry: \d+|event: position|id: \d+|data: \{("id":\d+,"channel":|"last":).*\})$/s.test(line),
          ),
        ).toEqual([]);
        const plain = await client.poll({ channels: [], last });
        expect(plain.json).toEqual({ notifications: expected, last: ids.at(-1), missed: false });
        const rpc = await client.poll({ params: { channels: [], last }, id: entries[0]![1] });
        expect(rpc.json).toEqual({ jsonrpc: "2.0", id: entries[0]![1], result: expected });
        for (const { headers } of [plain, rpc, stream]) expect(headers.get("x-injected")).toBeNull();
      }),
      { numRuns: INJECTIONS_OF_A_HOST },
    );
  });
}
