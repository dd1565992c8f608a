export const $ = (selector) => document.querySelector(selector);

/** An element. Children that are strings become text and never HTML: names and words are other people's. */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** A button that finds its focus again, by `key`, when its list is drawn anew. */
export function button(label, key, onclick, properties = {}) {
  const element = make("button", { type: "button", onclick, ...properties }, label);
  element.dataset.key = key;
  return element;
}

/** Draws a list anew without taking the focus from who walks it with the keyboard. */
export function redraw(list, items) {
  const active = list.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  list.replaceChildren(...items);
  if (active === undefined) return;
  for (const element of list.querySelectorAll("[data-key]")) if (element.dataset.key === active) element.focus();
}

/** Posts JSON to one of the application's routes. Throws an error with the server's sentence and its status. */
export async function post(path, body = {}, key) {
  const response = await fetch(`/api/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...(key && { "Idempotency-Key": key }) },
    body: JSON.stringify(body),
  });
  return answerOf(response);
}

/** Returns a new key, under which the club does something once. */
export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16)).join("");
}

export async function get(path) {
  return answerOf(await fetch(`/api/${path}`));
}

async function answerOf(response) {
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  throw Object.assign(new Error(body.error ?? "The club does not answer as it should."), { status: response.status });
}
