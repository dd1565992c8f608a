const decoder = new TextDecoder();
const texts = new WeakMap<Uint8Array, string>();

/** Returns bytes of UTF-8 as text, for libraries that send text as strings only. Sockets that share the bytes share the text. */
export function textOf(bytes: Uint8Array): string {
  const known = texts.get(bytes);
  if (known !== undefined) return known;
  const text = decoder.decode(bytes);
  texts.set(bytes, text);
  return text;
}
