import { mount } from "nightbus/fetch";
import { defineHandler } from "nitro/h3";
import { bus } from "../../bus.ts";

const handler = mount(bus, { prefix: "/by-fetch", send: () => true });

export default defineHandler((event) => handler(event.req as Request));
