import { request as httpRequest } from "node:http";

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; undefined where it is none. */
  readonly json: unknown;
}

/** A client of one mount. */
export class Client {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  async request(route: string, init: RequestInit = {}): Promise<Reply> {
    const response = await fetch(`${this.url}/${route}`, init);
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parse(text) };
  }

  get(route: string): Promise<Reply> {
    return this.request(route);
  }

  post(route: string, body: string, init: RequestInit = {}): Promise<Reply> {
    return this.request(route, {
      method: "POST",
      body,
      ...init,
      headers: { "content-type": "application/json", ...init.headers },
    });
  }

  poll(body: unknown, init: RequestInit = {}): Promise<Reply> {
    return this.post("poll", JSON.stringify(body), init);
  }

  /** Posts a body without saying how long it is. */
  postInPieces(route: string, pieces: readonly string[]): Promise<{ status: number | undefined }> {
    return new Promise((resolve, reject) => {
      const headers = { "content-type": "application/json" };
      const request = httpRequest(`${this.url}/${route}`, { method: "POST", headers }, (response) => {
        response.resume();
        resolve({ status: response.statusCode });
      });
      request.on("error", reject);
      for (const piece of pieces) request.write(piece);
      request.end();
    });
  }
}

/** Resolves when a condition holds; the test's own time-out is the limit. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
