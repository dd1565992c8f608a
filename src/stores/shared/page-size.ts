/** The rows of a page, about, since a page ends with a whole send. Larger pages load no faster. */
export const PAGE_ROWS = 5_000;

/** The bytes of messages on a page, about. */
export const PAGE_BYTES = 2 ** 22;
