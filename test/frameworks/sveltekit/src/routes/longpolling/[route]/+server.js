import { mount } from "nightbus/fetch";
import { bus } from "../../../lib/server/bus.js";

const handler = mount(bus, { prefix: "/longpolling", send: () => true });

export const GET = ({ request }) => handler(request);
export const POST = GET;
