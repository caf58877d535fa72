import { digestOf, type LedgerEntry } from '@gapferry/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatCef, formatSyslog } from './format-cef.ts';

function entryOf(kind: string, data: LedgerEntry['data']): LedgerEntry {
  const digest = digestOf(kind);
  return { index: 7, at: '2026-03-20T00:00:00Z', kind, data, previous: digestOf(''), digest };
}

/** Reads a line as a SIEM does: seven fields, then keys up to the next unescaped `=`. Written against the format's own description. */
function parseCef(line: string): { header: string[]; extension: Record<string, string> } {
  const fields: string[] = [''];
  let at = 0;
  for (; fields.length < 8 && at < line.length; at += 1) {
    if (line[at] === '|') {
      fields.push('');
      continue;
    }
    if (line[at] === '\\') at += 1;
    fields[fields.length - 1] += line[at] ?? '';
  }
  const rest = line.slice(at);
  const starts = [...rest.matchAll(/(?:^| )(\w+)=/g)];
  const extension = starts.map((match, i): [string, string] => {
    const from = match.index + match[0].length;
    const value = rest.slice(from, starts[i + 1]?.index ?? rest.length);
    const said = value.replaceAll(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c === 'r' ? '\r' : c));
    return [match[1] ?? '', said];
  });
  return { header: fields.slice(0, 7), extension: Object.fromEntries(extension) };
}

describe('an entry in the Common Event Format', () => {
  it('is written byte for byte as the guide shows it', () => {
    const data = {
      site: 'plant-7',
      channel: 'line-a',
      sequence: 17,
      code: 'NO_SPACE',
      message: 'the disk is full',
    };
    expect(formatCef(entryOf('import.stopped', data), '1.2.3')).toBe(
      `CEF:0|gapferry|gapferry|1.2.3|import.stopped|Import stopped|7|rt=1773964800000 externalId=7 deviceExternalId=plant-7 cs1Label=channel cs1=line-a cs4Label=entryDigest cs4=${digestOf('import.stopped')} cn1Label=sequence cn1=17 reason=NO_SPACE msg=the disk is full`,
    );
  });

  it('escapes what would end a field, in header and extension', () => {
    const line = formatCef(entryOf('a|b\\c', { message: 'a=b\\c|d\r\ne', target: 'x=1 msg=forged' }), '1|0');
    expect(line).toContain('|1\\|0|a\\|b\\\\c|a\\|b\\\\c|3|');
    expect(line).toContain('msg=a\\=b\\\\c|d\\r\\ne');
    const { header, extension } = parseCef(line);
    expect(header).toEqual(['CEF:0', 'gapferry', 'gapferry', '1|0', 'a|b\\c', 'a|b\\c', '3']);
    expect(extension).toMatchObject({ msg: 'a=b\\c|d\r\ne', cs5: 'x=1 msg=forged' });
  });

  it('is one line that says what it was given, whatever that is', () => {
    const text = fc.string({ unit: 'binary', maxLength: 60 });
    fc.assert(
      fc.property(text, text, text, (kind, message, place) => {
        const line = formatCef(entryOf(kind, { message, place }), '1.0.0');
        expect(line).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
        const { header, extension } = parseCef(line);
        expect(header).toHaveLength(7);
        const seen = (value: string): string => value.replaceAll(/[^\P{Cc}\r\n]|[\u2028\u2029]/gu, ' ');
        expect([extension['msg'] ?? '', extension['cs6'] ?? '']).toEqual([seen(message), seen(place)]);
      }),
    );
  });

  it('counts what a prune removed and what stayed', () => {
    const { header, extension } = parseCef(
      formatCef(entryOf('prune.finished', { removed: 12, stayed: 0, plan: digestOf('plan') }), '1'),
    );
    expect(header.slice(4, 7)).toEqual(['prune.finished', 'Prune finished', '3']);
    expect(extension).toMatchObject({ cn1Label: 'removed', cn1: '12', cn2Label: 'stayed', cn2: '0' });
  });

  it('is short enough for the fields of the dictionary', () => {
    const long = '😀'.repeat(5000);
    const { extension } = parseCef(formatCef(entryOf('import.stopped', { message: long, item: long }), '1'));
    expect([...(extension['msg'] ?? '')].length).toBe(1023);
    expect([...(extension['cs6'] ?? '')].length).toBe(4000);
  });

  it('raises its voice where somebody should look', () => {
    const severity = (kind: string, data: LedgerEntry['data'] = {}): string | undefined =>
      parseCef(formatCef(entryOf(kind, data), '1')).header[6];
    expect(severity('import.began')).toBe('3');
    expect(severity('import.began', { override: digestOf('o') })).toBe('8');
    expect(severity('import.finished', { record: { status: 'loaded' } })).toBe('3');
    expect(severity('import.finished', { record: { status: 'partly-loaded' } })).toBe('6');
    expect(severity('ledger.restarted')).toBe('9');
    expect([severity('constructor'), severity('of.later')]).toEqual(['3', '3']);
  });
});

describe('an entry for syslog', () => {
  it('has the header of RFC 5424 before it', () => {
    const line = formatSyslog(entryOf('ledger.restarted', {}), '1');
    expect(line).toMatch(/^<107>1 2026-03-20T00:00:00Z - gapferry - ledger\.restarted - CEF:0\|/);
    expect(formatSyslog(entryOf('import.named', {}), '1')).toMatch(/^<110>1 /);
    expect(formatSyslog(entryOf('trust.pinned', {}), '1')).toMatch(/^<109>1 /);
    expect(formatSyslog(entryOf('import.stopped', {}), '1')).toMatch(/^<108>1 /);
  });

  it('has no time where the entry has none, and stays one line', () => {
    const entry = { ...entryOf('import.named', {}), at: '2026-03-20T00:00:00Z\n<104>1 - - forged - - -' };
    expect(formatSyslog(entry, '1')).toMatch(/^<110>1 - - gapferry - import\.named - CEF:0[^\n]*$/);
  });

  it('has a MSGID of at most 32 printable characters', () => {
    expect(formatSyslog(entryOf(`a b\n${'c'.repeat(50)}`, {}), '1')).toMatch(/ - a_b_c{28} - CEF:0/);
    expect(formatSyslog(entryOf('', {}), '1')).toContain(' - gapferry - - - CEF:0');
  });
});
