import type { LedgerEntry } from '@gapferry/core';

/** What stands for an entry's kind in a SIEM: words, and a severity from 0 to 10. Kinds that are not here have their own name and 3. */
const EVENTS: Readonly<Record<string, readonly [name: string, severity: number]>> = {
  'release.sealing': ['Release is being sealed', 3],
  'release.sealed': ['Release sealed', 3],
  'trust.pinned': ['Trust policy pinned', 6],
  'import.began': ['Import began', 3],
  'import.staged': ['Release staged', 3],
  'import.naming': ['Names are about to be set', 1],
  'import.named': ['Name set', 1],
  'import.items': ['Items of an import', 1],
  'import.finished': ['Import finished', 3],
  'import.receipted': ['Receipt signed', 3],
  'import.stopped': ['Import stopped', 7],
  'prune.began': ['Prune began', 6],
  'prune.removing': ['Something is about to be removed', 3],
  'prune.removed': ['Removed', 3],
  'prune.finished': ['Prune finished', 3],
  'prune.stopped': ['Prune stopped', 7],
  'ledger.restarted': ['Ledger begun anew', 9],
};

const LIMITS = { custom: 4000, message: 1023, id: 255 } as const;

/** One entry of a ledger as one line of ArcSight's Common Event Format, version 0 (Micro Focus: "Implementing ArcSight Common Event Format"), without a newline at its end.
 *  `version`: of gapferry, for the header. What an entry says in lists stays out; the entry's digest (`cs4`) leads to it. */
export function formatCef(entry: LedgerEntry, version: string): string {
  const [name, severity] = eventOf(entry);
  const header = ['gapferry', 'gapferry', version, entry.kind, name, String(severity)].map(inHeader);
  const extension = extensionOf(entry)
    .filter((pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== '')
    .map(([key, value]) => `${key}=${inExtension(value)}`);
  return `CEF:0|${header.join('|')}|${extension.join(' ')}`;
}

/** The same behind the header of RFC 5424: facility 13 (log audit), the entry's own time, no host name (an exported ledger may be read elsewhere), the kind as MSGID. */
export function formatSyslog(entry: LedgerEntry, version: string): string {
  const [, severity] = eventOf(entry);
  const id = entry.kind.replaceAll(/[^\x21-\x7e]/g, '_').slice(0, 32) || '-';
  // What is no time has no place between the blanks of the header: whoever wrote the ledger may have meant another line.
  const at = RFC_3339.test(entry.at) ? entry.at : '-';
  return `<${13 * 8 + syslogSeverity(severity)}>1 ${at} - gapferry - ${id} - ${formatCef(entry, version)}`;
}

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)$/;

function eventOf(entry: LedgerEntry): readonly [string, number] {
  const [name, severity] = (Object.hasOwn(EVENTS, entry.kind) && EVENTS[entry.kind]) || [entry.kind, 3];
  if (entry.kind === 'import.began' && textOf(entry.data['override']) !== undefined)
    return ['Import by override began', 8];
  return statusOf(entry) === 'partly-loaded' ? [`${name}: partly loaded`, 6] : [name, severity];
}

/** error, warning, notice, informational. */
function syslogSeverity(severity: number): number {
  if (severity >= 9) return 3;
  if (severity >= 7) return 4;
  return severity >= 4 ? 5 : 6;
}

/** Keys of the CEF dictionary; `cs…` and `cn…` bring their labels. */
function extensionOf(entry: LedgerEntry): [string, string | undefined][] {
  const { data } = entry;
  const record = objectOf(data['record']);
  const of = (member: string): string | undefined => textOf(data[member]) ?? textOf(record[member]);
  const time = Date.parse(entry.at);
  const [first, second] = NUMBERS.get(entry.kind) ?? ['sequence', 'bytes'];
  return [
    ['rt', Number.isNaN(time) ? undefined : String(time)],
    ['externalId', String(entry.index)],
    ['deviceExternalId', short(of('site'), LIMITS.id)],
    ...custom(1, 'channel', of('channel')),
    ...custom(2, 'version', of('version')),
    ...custom(3, 'statement', of('statement')),
    ...custom(4, 'entryDigest', entry.digest),
    ...custom(5, 'target', of('target')),
    ...custom(6, 'place', of('item') ?? of('place') ?? of('override') ?? of('receipt')),
    ...number(1, first, of(first)),
    ...number(2, second, of(second)),
    ['outcome', statusOf(entry)],
    ['reason', short(of('code') ?? of('reason'), LIMITS.message)],
    ['msg', short(of('message') ?? of('finding'), LIMITS.message)],
  ];
}

/** What is counted, where it is not the number of a release and bytes. */
const NUMBERS: ReadonlyMap<string, readonly [string, string]> = new Map([
  ['prune.finished', ['removed', 'stayed']],
]);

function statusOf({ data }: LedgerEntry): string | undefined {
  return textOf(data['status']) ?? textOf(objectOf(data['record'])['status']);
}

function custom(n: number, label: string, value: string | undefined): [string, string | undefined][] {
  if (value === undefined) return [];
  return [
    [`cs${n}Label`, label],
    [`cs${n}`, short(value, LIMITS.custom)],
  ];
}

function number(n: number, label: string, value: string | undefined): [string, string | undefined][] {
  return value === undefined || !/^\d+$/.test(value)
    ? []
    : [
        [`cn${n}Label`, label],
        [`cn${n}`, value],
      ];
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? value : undefined;
}

function objectOf(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};
}

/** Whole characters. */
function short(text: string | undefined, limit: number): string | undefined {
  return text === undefined || text.length <= limit
    ? text
    : [...text]
        .slice(0, limit - 1)
        .join('')
        .concat('…');
}

/** In the header `\` and `|` are escaped; a newline has no escape there. */
function inHeader(text: string): string {
  return withoutControls(text.replaceAll(/[\r\n]+/g, ' ')).replaceAll(/[\\|]/g, '\\$&');
}

/** In an extension `\` and `=` are escaped, and newlines are written. */
function inExtension(text: string): string {
  return withoutControls(text.replaceAll(/[\\=]/g, '\\$&').replaceAll('\r', '\\r').replaceAll('\n', '\\n'));
}

/** U+2028 and U+2029 end a line for some readers. */
function withoutControls(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]/gu, ' ');
}
