import { greeting } from "./greeting.ts";
import { Instance } from "./instance.ts";
import { program } from "./programs.ts";

/** A sentence that says what is not installed, if anything is. */
export function missing(): string | undefined {
  return program("nats-server") === undefined ? "nats-server is not installed" : undefined;
}

/** A NATS server of its own, not yet started, with JetStream in files. */
export function create(): Instance {
  return new Instance({
    name: "NATS",
    command: program("nats-server")!,
    politely: "SIGTERM",
    args: (port, folder) => ["-a", "127.0.0.1", "-p", `${port}`, "-js", "-sd", folder],
    // The server listens after JetStream has recovered.
    answers: (port) => greeting(port, "", /^INFO .*"jetstream":true/),
    connection: (port) => `nats://127.0.0.1:${port}`,
  });
}
