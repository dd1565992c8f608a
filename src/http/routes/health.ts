import type { Hub } from "../../core/hub.ts";
import { json } from "../endpoint/replies.ts";
import type { EndpointReply } from "../endpoint/request.ts";
import type { Mounted } from "../mounted.ts";

/** `GET health`: 200 if the bus is open and its store works, else 503. */
export function health<C extends object, Context>({ hub }: Mounted<C, Context>): Promise<EndpointReply> {
  return healthOf(hub);
}

/** Replies with the health of a bus. */
export async function healthOf(hub: Hub): Promise<EndpointReply> {
  const [status, word] = (await hub.check()) ? ([200, "pass"] as const) : ([503, "fail"] as const);
  return json(status, `{"status":"${word}"}`);
}
