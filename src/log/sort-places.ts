/** Sorting by a map of bits pays if at most one in this many places is taken. */
const SPARSE = 64;

let words = new Int32Array(64);

/**
 * Sorts places between `from` and `end`, each there once, in place. A map of bits marks them, and is read from its
 * beginning. Unlike that of a sort, its time does not depend on the order.
 */
export function sortPlaces(places: Int32Array, from: number, end: number): Int32Array {
  if (places.length * SPARSE < end - from) return places.sort();
  const count = ((end - from) >>> 5) + 1;
  if (count > words.length) words = new Int32Array(2 ** Math.ceil(Math.log2(count)));
  const map = words; // a constant is read faster
  for (let index = 0; index < places.length; index += 1) {
    const place = places[index]! - from;
    map[place >>> 5]! |= 1 << place; // a shift uses the last five bits
  }
  let length = 0;
  for (let word = 0; word < count; word += 1) {
    let bits = map[word]!;
    map[word] = 0;
    while (bits !== 0) {
      const lowest = bits & -bits;
      places[length++] = from + word * 32 + 31 - Math.clz32(lowest);
      bits ^= lowest;
    }
  }
  return places;
}
