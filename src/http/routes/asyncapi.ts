import { json } from "../endpoint/replies.ts";
import type { EndpointReply } from "../endpoint/request.ts";
import type { Mounted } from "../mounted.ts";

/** `GET asyncapi`: the document that the application gave. */
export async function asyncapi<C extends object, Context>({ options }: Mounted<C, Context>): Promise<EndpointReply> {
  return json(200, JSON.stringify(options.asyncapi));
}
