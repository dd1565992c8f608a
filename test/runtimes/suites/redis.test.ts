import { describe, it } from "vitest";
import { engineRuns } from "../../stores/engines.ts";
import { describeEngine } from "../stores.ts";

describeEngine("redis", { describe: engineRuns("redis", describe), it });
