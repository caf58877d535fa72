const UNITS = ['kB', 'MB', 'GB', 'TB', 'PB', 'EB'] as const;

/** Bytes for people, in decimal units (1 kB = 1,000 B) with three significant digits, as media are sold: `0 B`, `999 B`, `1.87 GB`, `12.3 MB`, `456 kB`. Works for rates as well. */
export function formatBytes(bytes: number): string {
  if (!(Math.abs(bytes) >= 999.5)) return `${Math.round(bytes)} B`;
  let value = bytes / 1000;
  let unit = 0;
  // From 999.5 on, three digits would say 1000.
  while (Math.abs(value) >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${threeDigits(value)} ${UNITS[unit]}`;
}

function threeDigits(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);
}
