/**
 * Returns the value of this name. All copies of nightbus in the process share it, and reloads of modules keep it. The first
 * caller makes the value.
 */
export function processWide<T extends object>(name: string, make: () => T): T {
  const place = globalThis as { [key: symbol]: T | undefined }; // each name has one type
  const key = Symbol.for(`nightbus.${name}`);
  place[key] ??= make();
  return place[key];
}
