import { expect, it } from 'vitest';
import { signerRows } from './signer-rows.ts';

it('who signs a repository is told by name and key, and what is no longer signed', () => {
  const key = `SHA256:${'a'.repeat(43)}`;
  const fingerprint = 'ab'.repeat(20);
  expect(
    signerRows({
      added: [{ by: 'git-ssh', key, principal: 'ada@example.org' }],
      removed: [{ by: 'git-openpgp', fingerprint }],
      unsigned: ['refs/heads/main', ...Array.from({ length: 6 }, (_, i) => `refs/tags/v${i}`)],
    }),
  ).toEqual([
    ['signed by', `+ada@example.org, SSH key ${key}`],
    ['signed by', `−OpenPGP key ${fingerprint}`],
    ['no longer signed', 'main, v0, v1, v2, v3 and 2 more'],
  ]);
});
