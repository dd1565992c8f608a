import { STORES } from "../../stores/conformance/stores.ts";
import { testPresence } from "./stores.ts";

for (const { name, engine, bus } of STORES) if (engine === undefined && bus.shared) testPresence(name, bus);
