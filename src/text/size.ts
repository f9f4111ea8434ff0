const UNITS: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 };

/** The bytes in "500", "64K", "16M" or "1G", with units of 1024; `undefined` for anything else, and for 0. */
export function bytesOf(size: string): number | undefined {
  const [, digits = '', unit = ''] = /^([1-9]\d{0,8})([KMG]?)(?:i?B)?$/i.exec(size) ?? [];
  const bytes = Number(digits) * (UNITS[unit.toUpperCase()] ?? 1);
  return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** A number of bytes in words: "812 bytes", "16 MiB", "2.2 GiB". */
export function sizeInWords(bytes: number): string {
  for (const [unit, size] of [
    ['GiB', 1024 ** 3],
    ['MiB', 1024 ** 2],
    ['KiB', 1024],
  ] as const) {
    if (bytes >= size) return `${(bytes / size).toFixed(1).replace(/\.0$/, '')} ${unit}`;
  }
  return `${bytes} ${bytes === 1 ? 'byte' : 'bytes'}`;
}
