/** The partner of each session. Your application has them in its database. */
const sessions = new Map([
  ["ann's", 2],
  ["bob's", 3],
  ["cid's", 4],
]);

/** The session that a request names; undefined for a visitor, who may have other cookies. */
function sessionOf(request) {
  return /(?:^|; )session_id=([^;]*)/.exec(request.headers.cookie ?? "")?.[1];
}

/** The partner behind a request of Express, or behind the upgrade of a socket; undefined for nobody. */
export function partnerOf(request) {
  return sessions.get(sessionOf(request));
}

/** Returns true for a request whose session has ended. A visitor has none that could end. */
export function hasEnded(request) {
  return sessionOf(request) !== undefined && partnerOf(request) === undefined;
}

export function signOut(request) {
  sessions.delete(sessionOf(request));
}

/** Returns true for a request of your application, and of nobody else. */
export function isStaff(request) {
  return request.headers.authorization === "Bearer secret";
}
