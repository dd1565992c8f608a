import { Agent, request } from "node:http";

/** Publishes over one connection that is kept alive. */
export class Publisher {
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(url: string) {
    this.#url = url;
  }

  /** Posts a body. Rejects if the server refuses the body. */
  async publish(body: string): Promise<void> {
    await this.#ask("POST", body);
  }

  /** Resolves with the server's description of the address, as JSON. */
  get(): Promise<string> {
    return this.#ask("GET", undefined);
  }

  close(): void {
    this.#agent.destroy();
  }

  #ask(method: string, body: string | undefined): Promise<string> {
    return new Promise((resolve, reject) => {
      const headers = { Accept: "application/json", "Content-Type": "application/json" };
      const asking = request(this.#url, { method, headers, agent: this.#agent, timeout: 10_000 }, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (part: string) => {
          text += part;
        });
        response.on("error", reject);
        response.on("end", () => {
          if (response.statusCode! < 300) resolve(text);
          else reject(new Error(`${method} ${this.#url} was answered ${response.statusCode}: ${text}`));
        });
      });
      asking.on("timeout", () => asking.destroy(new Error(`${method} ${this.#url} was not answered`)));
      asking.on("error", reject);
      asking.end(body);
    });
  }
}
