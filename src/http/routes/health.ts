import { json } from "../endpoint/replies.ts";
import type { EndpointReply } from "../endpoint/request.ts";
import type { Mounted } from "../mounted.ts";

/** `GET health`: 200 if the bus is open and its store works, else 503. */
export async function health<C extends object, Context>({ hub }: Mounted<C, Context>): Promise<EndpointReply> {
  const [status, word] = (await hub.check()) ? ([200, "pass"] as const) : ([503, "fail"] as const);
  return json(status, `{"status":"${word}"}`);
}
