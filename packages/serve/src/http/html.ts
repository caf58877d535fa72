const STYLE =
  'body{font:15px/1.5 system-ui,sans-serif;margin:2rem;max-width:70rem}table{border-collapse:collapse}td,th{text-align:left;padding:.1rem 1rem .1rem 0}td.n{text-align:right}code{font-family:ui-monospace,monospace;font-size:.9em}';

/** Text as it can stand between tags and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A whole page; `body` is HTML. */
export function htmlPage(title: string, body: string): string {
  const safe = escapeHtml(title);
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${safe}</title><style>${STYLE}</style></head><body><h1>${safe}</h1>${body}</body></html>\n`;
}

/** `1.2 MiB`: sizes as people read them. */
export function formatSize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(bytes, 1)) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${units[power]}`;
}
