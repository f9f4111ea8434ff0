/**
 * A copy of plain data whose maps inherit nothing: names that users choose are looked up in them, and a virtual IP called
 * "constructor" must not be found where there is none. Other objects are kept.
 */
export function bare<T>(value: T): T {
  return bared(value) as T;
}

function bared(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bared);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) {
    return value;
  }
  const copy = Object.create(null) as Record<string, unknown>;
  for (const [key, entry] of Object.entries(value)) copy[key] = bared(entry);
  return copy;
}
