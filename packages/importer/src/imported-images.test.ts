import { fixedClock, memoryLedger } from '@gapferry/testkit';
import { expect, it } from 'vitest';
import { IMPORT_ENTRIES } from './import-entries.ts';
import { importedImages } from './imported-images.ts';

it('are those that were made visible at the target, each once', () => {
  const ledger = memoryLedger(fixedClock('2026-03-01T12:00:00Z'));
  const named = (target: string, item: string): void =>
    void ledger.append(IMPORT_ENTRIES.named, { channel: 'line-a', target, place: 'p', item, left: {} });
  ledger.append(IMPORT_ENTRIES.naming, { target: 'plant', names: [{ place: 'oci x/y:1', state: {} }] });
  named('plant', 'image quay.io/b:2');
  named('plant', 'image docker.io/library/a:1');
  named('plant', 'image quay.io/b:2');
  named('plant', 'chart ghcr.io/org/c:1.0.0');
  named('elsewhere', 'image ghcr.io/d:1');
  expect(importedImages(ledger, 'plant')).toEqual(['docker.io/library/a:1', 'quay.io/b:2']);
  expect(importedImages(ledger, 'nowhere')).toEqual([]);
});
