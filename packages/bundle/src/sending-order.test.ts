import { totalSize } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import type { TargetRule } from './import-loads.ts';
import { sendingOrder } from './sending-order.ts';
import { openSimulated, simulatedRelease } from './testing/index.ts';

const trusted = openSimulated(
  simulatedRelease({
    images: { 'docker.io/library/a:1': 'a'.repeat(5000), 'docker.io/library/b:1': 'b'.repeat(5000) },
    charts: { 'ghcr.io/org/app:1.0.0': 'app' },
    git: { 'git.example/ops/line-a': { main: 'a'.repeat(40) } },
    files: { big: 'x'.repeat(20_000), small: 'y' },
  }),
);
const [image, file]: [TargetRule, TargetRule] = [
  { name: 'harbor', takes: ['image', 'chart'] },
  { name: 'minio', takes: ['file', 'git'] },
];

function whoseOf(targets: readonly TargetRule[]): string[] {
  const items = new Map(
    trusted.manifest.items.flatMap((item) => item.blobs.map((digest) => [digest, item.id] as const)),
  );
  return sendingOrder(trusted, targets).map(({ digest }) => items.get(digest) ?? 'pack');
}

describe('the order of sending', () => {
  it('has every blob of a release once', () => {
    const order = sendingOrder(trusted, [image, file]);
    expect(new Set(order.map(({ digest }) => digest))).toEqual(
      new Set(trusted.blobs.map(({ digest }) => digest)),
    );
    expect([order.length, totalSize(order)]).toEqual([trusted.blobs.length, totalSize(trusted.blobs)]);
  });

  it('goes through the items of a target one after the other, the large blobs of each first', () => {
    const images = sendingOrder(trusted).filter(({ size }) => size > 4000 && size < 20_000);
    expect(whoseOf([image, file]).filter((id) => id.includes('library'))).toEqual([
      ...new Array(3).fill('docker.io/library/a:1'),
      ...new Array(3).fill('docker.io/library/b:1'),
    ]);
    expect(images).toHaveLength(4);
  });

  it('takes targets in step by bytes', () => {
    const whose = whoseOf([image, file]);
    expect(whose.indexOf('big')).toBeLessThan(whose.indexOf('docker.io/library/b:1'));
    expect(whose.indexOf('docker.io/library/b:1')).toBeLessThan(whose.indexOf('small'));
    expect(whose.indexOf('pack')).toBeLessThan(5);
  });

  it('takes one target after the other where everything goes to one, and Git beside it', () => {
    const one = whoseOf([{ name: 'depot', takes: ['image', 'chart', 'git', 'file'] }]);
    expect(one.filter((id) => id !== 'pack').slice(0, 3)).toEqual(new Array(3).fill('ghcr.io/org/app:1.0.0'));
    expect(one.indexOf('pack')).toBeLessThan(3);
  });
});
