import { defineHandler } from "nitro/h3";
import { bus } from "../bus.ts";

export default defineHandler(() => bus.stats());
