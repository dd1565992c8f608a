import { bus } from "../bus.js";

export const GET = () => Response.json(bus.stats());
