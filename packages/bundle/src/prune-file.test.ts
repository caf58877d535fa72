import { digestOf } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import {
  comparePruneFiles,
  compareRest,
  encodePruneFile,
  type PruneFile,
  parsePruneFile,
} from './prune-file.ts';
import type { Loose } from './testing/index.ts';

const D = digestOf(Buffer.from('statement'));

function file(): PruneFile {
  const release = (sequence: number) => ({ sequence, version: `1.${sequence}.0`, statement: D });
  return {
    format: 'gapferry.prune/1',
    site: 'plant-7',
    siteFile: D,
    keep: 1,
    channels: [{ channel: 'line-a', stays: [release(2)], goes: [release(1)] }],
    targets: [
      {
        target: 'harbor',
        channel: 'line-a',
        steps: [
          { place: `h/app@${D}`, what: 'manifest', bytes: 10 },
          { place: 'h/other', what: 'manifest', stays: 'a tag' },
        ],
      },
      { target: 'forge', channel: 'line-a', because: 'it cannot', steps: [] },
    ],
    made: { at: '2026-11-22T04:00:00Z', by: '0.1.0' },
  };
}

describe('a prune file', () => {
  it('is read as it was written', () => {
    expect(parsePruneFile(encodePruneFile(file()), 'prune.json')).toEqual(file());
  });

  it.each<[string, (loose: Loose) => void, string]>([
    ['of the future', (loose) => (loose.format = 'gapferry.prune/9'), 'FORMAT_UNKNOWN'],
    ['that is a plan', (loose) => (loose.format = 'gapferry.plan/1'), 'FORMAT_UNKNOWN'],
    ['that keeps nothing', (loose) => (loose.keep = 0), 'CONFIG_INVALID'],
    ['with a member of its own', (loose) => (loose.force = true), 'CONFIG_INVALID'],
    ['with an unknown step', (loose) => (loose.targets[0].steps[0].what = 'bucket'), 'CONFIG_INVALID'],
  ])('%s is refused', (_what, bend, code) => {
    const loose = structuredClone(file()) as Loose;
    bend(loose);
    expect(() => parsePruneFile(encodePruneFile(loose), 'prune.json')).toThrow(
      expect.objectContaining({ code }),
    );
  });

  it('with a byte behind its end is refused', () => {
    const bytes = Buffer.concat([encodePruneFile(file()), Buffer.from('\n')]);
    expect(() => parsePruneFile(bytes, 'prune.json')).toThrow(
      expect.objectContaining({ code: 'JSON_INVALID' }),
    );
  });
});

describe('what moved since a prune was approved', () => {
  it('is nothing where only another gapferry looked at another time', () => {
    expect(comparePruneFiles(file(), { ...file(), made: { at: '2027-01-01T00:00:00Z', by: '9' } })).toEqual(
      [],
    );
  });

  it('is seen of each channel, where two have the same thing at one target', () => {
    const [first] = file().targets;
    if (first === undefined) throw new Error('no target');
    const other = { ...first, channel: 'line-b', steps: [{ place: 'h/app', what: 'manifest' as const }] };
    const was = {
      ...file(),
      targets: [{ ...first, steps: [{ place: 'h/app', what: 'manifest' as const, stays: 'a tag' }] }, other],
    };
    const is = {
      ...file(),
      targets: [{ ...first, steps: [{ place: 'h/app', what: 'manifest' as const }] }, other],
    };
    expect(comparePruneFiles(was, is)).toEqual(['h/app of channel line-a at target harbor changed']);
  });

  it('is told thing by thing', () => {
    const now = structuredClone(file()) as Loose;
    now.siteFile = digestOf(Buffer.from('other'));
    now.channels[0].goes = [];
    now.targets[0].steps[0].bytes = 11;
    now.targets[0].steps[1] = { place: 'h/third', what: 'manifest' };
    delete now.targets[1].because;
    const told = comparePruneFiles(file(), now);
    expect(told.map((line) => line.replace(/sha256:[0-9a-f]+/g, '…'))).toEqual([
      'the site file was …, is …',
      'channel line-a changed',
      'h/app@… of channel line-a at target harbor changed',
      'h/other of channel line-a at target harbor is gone',
      'target forge of channel line-a is gone',
      'h/third of channel line-a at target harbor is new',
    ]);
  });
});

describe('what moved since a prune broke off', () => {
  it('is nothing where things are gone, or stay by now', () => {
    const now = structuredClone(file()) as Loose;
    now.targets[0].steps = [{ place: `h/app@${D}`, what: 'manifest', bytes: 3, stays: 'a tag' }];
    expect(compareRest(file(), now)).toEqual([]);
    now.targets = [];
    expect(compareRest(file(), now)).toEqual([]);
  });

  it('is what was approved to stay, or not at all, and would go now; and other releases', () => {
    const now = structuredClone(file()) as Loose;
    now.channels[0].goes = [];
    now.targets[0].steps = [{ place: 'h/other', what: 'manifest' }];
    expect(compareRest(file(), now)).toEqual([
      'channel line-a changed',
      'manifest h/other of channel line-a at target harbor is new',
    ]);
  });
});
