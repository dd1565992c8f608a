import type { Bus, ConsumeContext, FailedNotification, Notification } from "nightbus";
import { describe, it } from "vitest";

// tsc checks the marks here: an error that does not come fails it, as an unmarked error does.

interface Shop {
  orders: { total: number };
  mail: string;
  failed: FailedNotification;
}

type Same<One, Other> = (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Other ? 1 : 2 ? true : false;
const same = <_Same extends true>(): void => {};

/** Type-checks its body and does not run it. */
function checked(_body: (bus: Bus<Shop>) => unknown): void {}

describe("the types of consumers", () => {
  it("give the handler the notifications of its channels, and lists with batch", () => {
    checked((bus) => {
      bus.consume("one", ["orders"], ({ message, channel }, { signal, attempt, tx }) => {
        same<Same<typeof message, { total: number }>>();
        same<Same<typeof channel, "orders">>();
        same<Same<typeof signal, AbortSignal>>();
        same<Same<typeof attempt, number>>();
        same<Same<typeof tx, unknown>>();
      });
      bus.consume("two", ["orders", ["mail", 7]], (notification) => {
        if (notification.channel === "orders") same<Same<typeof notification.message, { total: number }>>();
        else same<Same<typeof notification.message, string>>();
      });
      const take = (list: readonly Notification<Shop, "mail">[]): void => void list;
      bus.consume("lists", ["mail"], take, { batch: 10 });
      bus.consume("lists", ["mail"], (list) => list.map(({ message }) => message.length), { batch: 1 });
    });
  });

  it("take the type of the transaction from the handler", () => {
    checked((bus) => {
      const terms = { transaction: true, onFailure: "failed" } as const;
      bus.consume("one", ["mail"], (_, { tx }: ConsumeContext<{ exec(sql: string): void }>) => tx.exec("…"), terms);
    });
  });

  it("refuse wrong channels, handlers and options", () => {
    checked((bus) => {
      // @ts-expect-error: the bus has no such channel
      bus.consume("name", ["order"], () => {});
      // @ts-expect-error: the message has no such property
      bus.consume("name", ["orders"], ({ message }) => message.sum);
      // @ts-expect-error: without batch there is no list
      bus.consume("name", ["orders"], (list) => list.length);
      // @ts-expect-error: failures go to a channel of the bus
      bus.consume("name", ["orders"], () => {}, { onFailure: "failures" });
      // @ts-expect-error: the start is a word or a number
      bus.consume("name", ["orders"], () => {}, { from: "beginning" });
    });
  });
});
