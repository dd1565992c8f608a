/** The way in which a client polls one kind of server. */
export interface PollDialect {
  /** Returns the request for what comes after a position. */
  request(position: string): string;
  /** Finds the number of the message and the next position in a whole answer; undefined if the answer goes on. */
  answer(text: string): Answered | undefined;
}

interface Answered {
  readonly number: number;
  readonly position: string;
}

/** The bus's polls, which the servers by hand answer too. */
const plain: PollDialect = {
  request(last) {
    const body = `{"channels":["lobby"],"last":${last},"timeout":60000}`;
    return `POST /poll HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  },
  answer: numberIn,
};

/** A position is two headers in nchan. The first poll has none, and waits for the next message. */
const nchan: PollDialect = {
  request: (position) => `GET /poll HTTP/1.1\r\nHost: 127.0.0.1\r\n${position.includes(":") ? position : ""}\r\n`,
  answer(text) {
    const found = numberIn(text);
    const [, modified] = /^Last-Modified: (.*)\r$/im.exec(text) ?? [];
    const [, etag] = /^Etag: (.*)\r$/im.exec(text) ?? [];
    return found && { ...found, position: `If-Modified-Since: ${modified}\r\nIf-None-Match: ${etag}\r\n` };
  },
};

/** Returns the dialect of a kind of server. */
export function dialectOf(kind: string): PollDialect {
  return kind === "nchan polls" ? nchan : plain;
}

function numberIn(text: string): Answered | undefined {
  const [, number, position] = /"n":(\d+).*"last":(\d+)/.exec(text) ?? [];
  if (number === undefined || position === undefined || !text.endsWith("}")) return undefined;
  return { number: Number(number), position };
}
