/**
 * The most waiters that are answered in one turn of the event loop. Other requests are served between two turns. A
 * poll over HTTP takes 25 to 35 us, so that a turn takes 25 to 35 ms.
 */
export const SLICE = 1_000;
