import { describe, it } from "vitest";
import { engineRuns } from "../../stores/engines.ts";
import { describeEngine } from "../stores.ts";

describeEngine("postgres", { describe: engineRuns("postgres", describe), it });
