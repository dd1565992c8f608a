import type { Mounted } from "./endpoint.ts";
import { json } from "./replies.ts";
import type { EndpointReply } from "./request.ts";

/** `GET health`: whether the bus is open and its store works. */
export async function health<C extends object, Context>({ reader }: Mounted<C, Context>): Promise<EndpointReply> {
  const [status, word] = (await reader.check()) ? ([200, "pass"] as const) : ([503, "fail"] as const);
  return json(status, `{"status":"${word}"}`);
}
