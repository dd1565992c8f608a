import { INJECTIONS_OF_A_HOST } from "../conformance/injection.ts";

export const HOSTS = 10;
export const HANDLERS = 2;

/** The number of inputs that are tried over sockets on each host, and as Request objects on each handler of the Fetch standard. */
export const INPUTS_OF_A_HOST = 160;
export const INPUTS_OF_A_HANDLER = 1_000;

export const INPUTS_TRIED = HOSTS * (INPUTS_OF_A_HOST + INJECTIONS_OF_A_HOST) + HANDLERS * INPUTS_OF_A_HANDLER;
