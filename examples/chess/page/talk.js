import { $, button, make, redraw } from "./parts.js";

const ROOM = ""; // no member has an empty name
const KEPT = 300;

/** The talks: the room, and one in private with each member with whom something was said. */
export class Talk {
  #me = "";
  #open = ROOM;
  #talks = new Map([[ROOM, []]]);
  #unread = new Set();

  /** `send` gets the words and to whom (undefined: the room), and resolves with whether they were sent. */
  constructor(send) {
    $("#say").addEventListener("submit", async (event) => {
      event.preventDefault();
      const text = $("#text").value;
      const sent = await send(text, this.#open === ROOM ? undefined : this.#open);
      if (sent && $("#text").value === text) $("#text").value = "";
    });
  }

  /** Begins with these lines. */
  load(me, lines) {
    this.#me = me;
    // A private talk that was opened stays, though nothing has been said in it.
    this.#talks = new Map([...this.#talks.keys()].map((name) => [name, []]));
    for (const line of lines) this.#keep(line);
    this.#draw();
  }

  /** Adds a line, unless it is there: who says something has it from the answer and may hear it from the bus as well. */
  add(line) {
    const name = this.#keep(line);
    if (name === undefined) return;
    if (name !== this.#open && line.from !== this.#me) this.#unread.add(name);
    if (name !== this.#open) return this.#drawTabs();
    const list = $("#lines");
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    const newest = this.#talks.get(name).at(-1) === line;
    if (newest) list.append(this.#item(line));
    else this.#drawLines();
    if (atEnd || line.from === this.#me) list.scrollTop = list.scrollHeight;
  }

  open(name) {
    this.#open = name;
    if (!this.#talks.has(name)) this.#talks.set(name, []);
    this.#unread.delete(name);
    this.#draw();
  }

  #keep(line) {
    const name = line.to === undefined ? ROOM : line.from === this.#me ? line.to : line.from;
    const lines = this.#talks.get(name) ?? [];
    this.#talks.set(name, lines);
    if (lines.some(({ id }) => id === line.id)) return undefined;
    lines.push(line);
    // An answer may be overtaken by the bus; the ids are the order.
    lines.sort((one, other) => one.id - other.id);
    if (lines.length > KEPT) lines.shift();
    return name;
  }

  #draw() {
    this.#drawTabs();
    this.#drawLines();
    $("#text").placeholder = this.#open === ROOM ? "Say something to all" : `Only ${this.#open} hears this`;
  }

  #drawTabs() {
    const tabs = [...this.#talks.keys()].map((name) => {
      const tab = button(name === ROOM ? "Room" : name, name, () => this.open(name));
      tab.setAttribute("aria-pressed", name === this.#open);
      if (this.#unread.has(name)) tab.append(make("span", { className: "unread", title: "unread" }, " •"));
      return tab;
    });
    redraw($("#talks"), tabs);
  }

  #drawLines() {
    const list = $("#lines");
    list.replaceChildren(...this.#talks.get(this.#open).map((line) => this.#item(line)));
    list.scrollTop = list.scrollHeight;
  }

  #item({ from, text, at }) {
    const time = new Date(at);
    return make(
      "li",
      { className: from === this.#me ? "own" : "" },
      make("b", {}, from),
      make(
        "time",
        { dateTime: time.toISOString(), title: time.toLocaleString() },
        time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }),
      ),
      make("span", {}, text),
    );
  }
}
