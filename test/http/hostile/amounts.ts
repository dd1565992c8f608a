const HOSTS = 10;
const HANDLERS = 3;

/** How many inputs are tried over sockets on each host, and as Request objects on each handler of the Fetch standard. */
export const PER_HOST = 250;
export const PER_HANDLER = 1_500;

export const INPUTS_TRIED = HOSTS * PER_HOST + HANDLERS * PER_HANDLER;
