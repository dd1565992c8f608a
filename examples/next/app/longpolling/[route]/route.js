import { mount } from "nightbus/fetch";
import { bus } from "../../../bus.js";

/** The lobby is open to all, and the staff's channel to a client with the secret. Ask your own session or token here. */
function mayUse(name, request) {
  return name === "lobby" || (name === "staff" && request.headers.get("authorization") === "Bearer secret");
}

const handler = mount(bus, {
  prefix: "/longpolling",
  channels(asked, request) {
    if (asked.every((name) => mayUse(name, request))) return asked;
    throw Object.assign(new Error("sign in first"), { status: 401 });
  },
  send: (entries, request) => entries.every(([name]) => mayUse(name, request)),
});

export { handler as GET, handler as POST };
