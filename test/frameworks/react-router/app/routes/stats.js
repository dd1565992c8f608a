import { bus } from "../bus.server.js";

export const loader = () => Response.json(bus.stats());
