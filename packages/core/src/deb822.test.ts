import { describe, expect, it } from 'vitest';
import { parseStanza, readStanzas, type Stanza } from './deb822.ts';

async function read(text: string, size = 7, wanted?: ReadonlySet<string>): Promise<Stanza[]> {
  const bytes = Buffer.from(text);
  const pieces = async function* () {
    for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
  };
  const stanzas: Stanza[] = [];
  for await (const stanza of readStanzas(pieces(), 'Packages', wanted)) stanzas.push(stanza);
  return stanzas;
}

describe('a Debian control file', () => {
  it('has paragraphs of fields, whose lines may go on', async () => {
    const text = '\n\nPackage: a\nDescription: ünï\n .\n  two:lines\n \t\nPACKAGE:b  \r\nX-Y:\n\n\n';
    expect((await read(text)).map((one) => Object.fromEntries(one))).toEqual([
      { package: 'a', description: 'ünï\n.\ntwo:lines' },
      { package: 'b', 'x-y': '' },
    ]);
    expect(await read('')).toEqual([]);
  });

  it('is read for some fields alone', async () => {
    const [one] = await read('Package: a\nTag: x,\n y\nSize: 7', 3, new Set(['package', 'size']));
    expect(Object.fromEntries(one ?? [])).toEqual({ package: 'a', size: '7' });
  });

  it.each([
    ['a line that is no field', 'Package: a\nhello\n'],
    ['a line that goes on with none', ' a\n'],
    ['a field that stands twice', 'Package: a\npackage: b\n'],
    ['a comment', '# x: y\n'],
    ['a dash in front', '-Package: a\n'],
  ])('is refused for %s', async (_, text) => {
    await expect(read(text)).rejects.toMatchObject({ code: 'CONTENT_INVALID' });
  });

  it('knows no prototypes', () => {
    expect(parseStanza('__proto__: x\nconstructor: y', 'x').get('__proto__')).toBe('x');
    expect(parseStanza('Package: x', 'x').get('constructor')).toBeUndefined();
  });

  it('has an end to its lines and paragraphs', async () => {
    const line = `Package: ${'a'.repeat(1_048_576)}`;
    await expect(read(line, 65_536)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    const folded = `Package: a\n${` ${'a'.repeat(1_000_000)}\n`.repeat(17)}`;
    await expect(read(folded, 65_536)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    expect(() => parseStanza('A: b\n\nC: d', 'Release')).toThrow('more than one paragraph');
  });
});
