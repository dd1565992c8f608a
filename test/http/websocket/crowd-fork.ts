import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Clients, Order } from "./crowd-clients.ts";

/** The pause between two questions for the number heard, in ms. */
const ASK = 20;

/** Clients in another process. */
export class ForkedClients implements Clients {
  heard = 0;
  readonly #child: ChildProcess;
  readonly #asking: NodeJS.Timeout;

  constructor(port: number) {
    this.#child = fork(fileURLToPath(new URL("crowd-process.ts", import.meta.url)), [String(port)], {
      execArgv: ["--import", "tsx"],
    });
    this.#child.on("message", (heard) => {
      this.heard = heard as number; // the other end says nothing else
    });
    this.#asking = setInterval(() => this.#order("heard"), ASK);
  }

  async open(count: number, channel: string): Promise<void> {
    this.#order({ open: count, channel });
    await once(this.#child, "message");
  }

  pauseLast(): void {
    this.#order("pause");
  }

  close(): void {
    clearInterval(this.#asking);
    this.#child.disconnect();
  }

  #order(order: Order): void {
    this.#child.send(order);
  }
}
