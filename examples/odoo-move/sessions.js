/** The partner of each session. Your application has them in its database. */
const sessions = new Map([
  ["ann's", 2],
  ["bob's", 3],
  ["cid's", 4],
]);

/** The partner behind a request of Express, or behind the upgrade of a socket; undefined for nobody. */
export function partnerOf(request) {
  return sessions.get(/(?:^|; )session_id=([^;]*)/.exec(request.headers.cookie ?? "")?.[1]);
}

export function signOut(request) {
  sessions.delete(/(?:^|; )session_id=([^;]*)/.exec(request.headers.cookie ?? "")?.[1]);
}

/** Returns true for a request of your application, and of nobody else. */
export function isStaff(request) {
  return request.headers.authorization === "Bearer secret";
}
