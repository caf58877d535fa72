import { makeLock } from '@gapferry/bundle';
import type { DiscoveredImage } from '@gapferry/collector';
import { digestOf, type NamedBy, type Pin } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { discoveredJson, discoveredLines } from './discovered-text.ts';
import { formatSurvey } from './survey-text.ts';

const NAMED_BY: NamedBy = {
  item: 'chart c.example/a:1',
  method: 'values',
  file: 'a/values.yaml',
  path: 'image\u001b[2K',
};
const LOCK = makeLock('line-a', []);

function image(name: string, more: Partial<DiscoveredImage>): DiscoveredImage {
  return { image: name, confidence: 'certain', outcome: 'included', namedBy: [NAMED_BY], ...more };
}

const FOUND = [
  image('r.example/a:1', {}),
  image('r.example/b:1', { outcome: 'waived', reason: 'not here' }),
  image('r.example/c:1', { outcome: 'listed', confidence: 'likely', reason: 'upstream has none' }),
  image('r.example/d:1', { outcome: 'listed', confidence: 'possible', reason: 'perhaps' }),
];

describe('what a collect says of images that charts name', () => {
  it('counts them all, and names what somebody might miss', () => {
    expect(discoveredLines({ lock: LOCK, discovered: FOUND }, 'bundles/a')).toEqual([
      'charts name 4 image(s): 1 included, 1 waived, 2 only listed; gapferry images bundles/a shows each',
      '  waived    r.example/b:1: not here',
      '  listed    r.example/c:1: upstream has none',
    ]);
    expect(discoveredJson({ lock: LOCK, discovered: FOUND })).toMatchObject({
      discovered: { included: 1, waived: 1, listed: 2, images: FOUND },
    });
  });

  it('says who names them', () => {
    const by = (...items: string[]): DiscoveredImage =>
      image('r.example/a:1', { namedBy: items.map((item) => ({ ...NAMED_BY, item })) });
    const told = (...items: string[]): string | undefined =>
      discoveredLines({ lock: LOCK, discovered: [by(...items)] }, 'b')[0];
    expect(told('git g.example/a')).toMatch(/^repositories name 1/);
    expect(told('chart c', 'git g')).toMatch(/^charts and repositories name 1/);
    expect(told('image a', 'chart c', 'git g')).toMatch(/^artifacts, charts and repositories name 1/);
  });

  it('is nothing where charts name nothing', () => {
    expect(discoveredLines({ lock: LOCK, discovered: [] }, 'b')).toEqual([]);
    expect(discoveredLines({ lock: LOCK }, 'b')).toEqual([]);
  });

  it('is what the lock knows where one was given', () => {
    const root = { mediaType: 'application/json', digest: digestOf('x'), size: 1 };
    const pin: Pin = {
      kind: 'image',
      id: 'r.example/a:1',
      wish: digestOf('w'),
      root,
      platforms: [],
      namedBy: [NAMED_BY],
    };
    const lock = makeLock('line-a', [pin], [{ image: 'r.example/b:1', namedBy: [NAMED_BY] }]);
    expect(discoveredLines({ lock }, 'b')).toEqual([
      'charts name 2 image(s) by the lock: 1 in the release, 1 waived',
      '  waived    r.example/b:1',
    ]);
    expect(discoveredJson({ lock })).toEqual({ discovered: { byLock: true, named: 1, waived: 1 } });
  });

  it('counts charts and repositories of a lock by themselves', () => {
    const pin: Pin = {
      kind: 'git',
      id: 'g.example/a',
      wish: digestOf('w'),
      url: 'https://g.example/a',
      objectFormat: 'sha1',
      refs: [],
      namedBy: [NAMED_BY],
    };
    const lock = makeLock('line-a', [pin], [{ chart: 'c.example/b', namedBy: [NAMED_BY] }]);
    expect(discoveredLines({ lock }, 'b')).toEqual([
      'repositories point to 2 chart(s) and repositories by the lock: 1 in the release, 1 waived',
      '  waived    chart c.example/b',
    ]);
  });

  it('stays short, and cannot lie to a terminal', () => {
    const many = Array.from({ length: 30 }, (_, i) =>
      image(`r.example/${i}\u001b[2K`, { outcome: 'waived', reason: 'r\n' }),
    );
    const lines = discoveredLines({ lock: LOCK, discovered: many }, 'b');
    expect(lines).toHaveLength(22);
    expect(lines.at(-1)).toBe('  and 10 more');
    expect(lines.join('')).not.toContain('\u001b');
    expect(lines.join('')).not.toContain('\n');
  });
});

describe('a survey for people', () => {
  it('shows what would end a collect first, each with its places, and cannot lie to a terminal', () => {
    const failed = image('r.example/z:1', { outcome: 'failed', reason: 'there is none' });
    const text = formatSurvey([...FOUND, failed]);
    expect(text.split('\n').slice(0, 3)).toEqual([
      'failed    certain   r.example/z:1',
      '    there is none',
      '    values in a/values.yaml: image\\u{1b}[2K of chart c.example/a:1',
    ]);
    expect(text).toContain('5 image(s): 1 failed, 1 included, 1 waived, 2 listed');
  });

  it('says so where nothing is named', () => {
    expect(formatSurvey([])).toBe('nothing names an image');
  });
});
