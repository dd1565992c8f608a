import { bus } from "../../lib/server/bus.js";

export const GET = () => Response.json(bus.stats());
