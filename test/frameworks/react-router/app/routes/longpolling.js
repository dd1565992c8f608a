import { mount } from "nightbus/fetch";
import { bus } from "../bus.server.js";

const handler = mount(bus, { prefix: "/longpolling", send: () => true });

export const loader = ({ request }) => handler(request);
export const action = loader;
