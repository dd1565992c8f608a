import { expect } from "vitest";
import type { Game, Line } from "../../../examples/chess/channels.ts";
import type { State } from "../../../examples/chess/club.ts";
import { address } from "./chess-server.ts";

export interface Heard {
  readonly id: number;
  readonly channel: string | readonly unknown[];
  readonly message: Partial<Line & Game & { name: string }>;
}

interface Answer {
  readonly notifications: readonly Heard[];
  readonly last: number;
  readonly missed: boolean;
}

/** Someone at a browser, with a cookie and a place in the bus. */
export class Person {
  name = "";
  last = 0;
  /** The address that this person visits, if it is not the club's. */
  at: string | undefined;
  #cookie = "";

  static async called(name: string, at?: string): Promise<Person> {
    const person = new Person();
    person.at = at;
    const response = await person.post("sign-in", { name });
    expect(response.status).toBe(200);
    const cookie = response.headers.get("set-cookie") ?? "";
    expect(cookie).toMatch(/HttpOnly/i);
    expect(cookie).toMatch(/SameSite=Lax/i);
    person.#cookie = cookie.split(";")[0]!; // a split has a first part
    person.name = ((await response.json()) as { me: string }).me;
    person.last = (await person.state()).last;
    return person;
  }

  post(path: string, body: unknown = {}, type = "application/json"): Promise<Response> {
    const headers = { "Content-Type": type, Cookie: this.#cookie };
    return fetch(`${this.at ?? address}/api/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  }

  /** Does what must be allowed. */
  async does<T>(path: string, body: unknown = {}): Promise<T> {
    const response = await this.post(path, body);
    const answer = (await response.json()) as T;
    expect(response.status, JSON.stringify(answer)).toBe(200);
    return answer;
  }

  /** Tries what must be refused, and answers with which status and words. */
  async tries(path: string, body: unknown = {}, type?: string): Promise<readonly [number, string]> {
    const response = await this.post(path, body, type);
    return [response.status, ((await response.json()) as { error: string }).error];
  }

  async state(): Promise<State> {
    const response = await fetch(`${this.at ?? address}/api/state`, { headers: { Cookie: this.#cookie } });
    return (await response.json()) as State;
  }

  poll(channels: readonly string[], last: number, timeout: number): Promise<Response> {
    return fetch(`${this.at ?? address}/longpolling/poll`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Cookie: this.#cookie },
      body: JSON.stringify({ channels, last, timeout }),
    });
  }

  /** The server-sent events of the room after `last`. */
  events(last: number): Promise<Response> {
    const headers = { Cookie: this.#cookie };
    return fetch(`${this.at ?? address}/longpolling/events?channels=room&last=${last}`, { headers });
  }

  /** Waits for the next notification beside those of presence, and goes on from there. */
  async hears(channels: readonly string[] = ["room"], timeout = 10_000): Promise<readonly Heard[]> {
    for (;;) {
      const answer = (await (await this.poll(channels, this.last, timeout)).json()) as Answer;
      expect(answer.missed).toBe(false);
      this.last = answer.last;
      const heard = answer.notifications.filter(({ channel }) => channel[0] !== "presence");
      if (heard.length > 0 || answer.notifications.length === 0) return heard;
    }
  }

  /** Goes to the newest position, whatever there was. */
  async catchesUp(): Promise<void> {
    await this.hears(["room"], 0);
  }
}
