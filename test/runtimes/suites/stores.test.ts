import { describe, it } from "vitest";
import { describeLocalStores } from "../stores.ts";

describeLocalStores({ describe, it });
