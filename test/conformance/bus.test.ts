import { describe, it } from "vitest";
import { testBus } from "../../src/testing/conformance/bus.ts";
import { postgresRuns } from "../stores/engines.ts";
import { fake, file, handle, inMemory, memory, onPostgres } from "./factories.ts";

testBus("without a store", memory, { describe, it });
testBus("that is fake", fake, { describe, it });
testBus("over SQLite, in a file", file, { describe, it });
testBus("over SQLite, in memory", inMemory, { describe, it });
testBus("over SQLite, on the application's handle", handle, { describe, it });
testBus("over Postgres", onPostgres, { describe: postgresRuns(describe), it });
