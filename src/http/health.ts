import type { Mounted } from "./endpoint.ts";
import { HEADERS } from "./replies.ts";
import type { EndpointReply } from "./request.ts";

/** `GET health`: whether the bus is open and its store works. */
export async function health<C extends object, Context>({ reader }: Mounted<C, Context>): Promise<EndpointReply> {
  const [status, word] = (await reader.check()) ? [200, "pass"] : [503, "fail"];
  return { status, headers: HEADERS, body: `{"status":"${word}"}` };
}
