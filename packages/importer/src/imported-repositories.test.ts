import { fixedClock, memoryLedger } from '@gapferry/testkit';
import { expect, it } from 'vitest';
import { IMPORT_ENTRIES } from './import-entries.ts';
import { importedRepositories } from './imported-repositories.ts';

it('are those that were made visible at the target, as the last import left them', () => {
  const ledger = memoryLedger(fixedClock('2026-03-01T12:00:00Z'));
  const named = (target: string, item: string, left: Record<string, string>, more?: true): void =>
    void ledger.append(IMPORT_ENTRIES.named, { channel: 'line-a', target, place: 'p', item, left, more });
  named('forge', 'git git.example/b', { 'refs/heads/main': '1', 'refs/heads/old': '1' });
  named('forge', 'git git.example/a', { 'refs/heads/main': '2' }, true);
  named('forge', 'git git.example/a', { 'refs/tags/v1': '3' });
  named('forge', 'image docker.io/library/a:1', { digest: 'sha256:0' });
  named('elsewhere', 'git git.example/c', { 'refs/heads/main': '4' });
  named('forge', 'git git.example/b', { 'refs/heads/main': '5' });
  expect(importedRepositories(ledger, 'forge')).toEqual([
    { id: 'git.example/a', refs: { 'refs/heads/main': '2', 'refs/tags/v1': '3' } },
    { id: 'git.example/b', refs: { 'refs/heads/main': '5' } },
  ]);
});
