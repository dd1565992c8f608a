import { mount } from "nightbus/node";
import { fromNodeHandler } from "nitro/h3";
import { bus } from "../../bus.ts";

const handler = mount(bus, { prefix: "/longpolling", send: () => true });

export default fromNodeHandler(handler);
