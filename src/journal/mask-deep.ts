/** Masks all strings in plain data, values of maps included. */
export function maskDeep<Value>(value: Value, mask: (text: string) => string): Value {
  const masked = (item: unknown): unknown => {
    if (typeof item === 'string') return mask(item);
    if (Array.isArray(item)) return item.map(masked);
    if (item instanceof Map) return new Map([...item].map(([key, inner]) => [key, masked(inner)]));
    if (typeof item === 'object' && item !== null) {
      return Object.fromEntries(Object.entries(item).map(([key, inner]) => [key, masked(inner)]));
    }
    return item;
  };
  return masked(value) as Value;
}
