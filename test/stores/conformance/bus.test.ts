import { describe, it } from "vitest";
import { testBus } from "../../../src/testing/conformance/bus.ts";
import { fake, file, handle, inMemory, memory } from "./factories.ts";

testBus("without a store", memory, { describe, it });
testBus("that is fake", fake, { describe, it });
testBus("over SQLite, in a file", file, { describe, it });
testBus("over SQLite, in memory", inMemory, { describe, it });
testBus("over SQLite, on the application's handle", handle, { describe, it });
