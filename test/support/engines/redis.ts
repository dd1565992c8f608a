import { greeting } from "./greeting.ts";
import { Instance } from "./instance.ts";
import { program } from "./programs.ts";

/** A sentence that says what is not installed, if anything is. */
export function missing(): string | undefined {
  return program("redis-server") === undefined ? "redis-server is not installed" : undefined;
}

/**
 * A Redis of its own, not yet started, that has written what it acknowledges to its append-only file, unless it is set
 * otherwise.
 */
export function create(settings: readonly string[] = []): Instance {
  return new Instance({
    name: "Redis",
    command: program("redis-server")!,
    politely: "SIGTERM",
    args: (port, folder) => {
      const place = ["--bind", "127.0.0.1", "--port", `${port}`, "--dir", folder];
      return [...place, "--save", "", "--appendonly", "yes", "--appendfsync", "always", ...settings];
    },
    answers: (port) => greeting(port, "PING\r\n", /^\+PONG/), // the server answers LOADING while it reads its file
    connection: (port) => `redis://127.0.0.1:${port}`,
  });
}
