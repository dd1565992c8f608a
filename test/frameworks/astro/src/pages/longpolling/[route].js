import { mount } from "nightbus/fetch";
import { bus } from "../../bus.js";

const handler = mount(bus, { prefix: "/longpolling", send: () => true });

export const prerender = false;
export const ALL = ({ request }) => handler(request);
