import { expect, it } from 'vitest';
import { diffManifests } from './diff-manifests.ts';
import { attachSigned, openSimulated, signedCommit, simulatedRelease, testSshKey } from './testing/index.ts';

const ID = 'git.example/ops/a';
const [ADA, BOB] = [signedCommit('ada'), signedCommit('bob')];

it('who signed the refs of a repository is told where it changes', () => {
  const side = (heads: Parameters<typeof attachSigned>[2]) => {
    const release = simulatedRelease({ git: { [ID]: { main: 'a'.repeat(40) } } });
    attachSigned(release, ID, heads);
    return { manifest: openSimulated(release).manifest };
  };
  const plain = side({ main: ADA, next: BOB, gone: BOB });
  expect(diffManifests(plain, plain).changes).toEqual([]);
  const other = side({ main: ADA, next: ADA });
  expect(diffManifests(plain, other).changes).toMatchObject([
    {
      change: 'refs',
      id: ID,
      signers: {
        added: [],
        removed: [{ by: 'git-ssh', key: testSshKey('bob'), principal: 'bob' }],
        unsigned: [],
      },
    },
  ]);
  const unsigned = simulatedRelease({ git: { [ID]: { main: ADA.oid, next: BOB.oid, gone: BOB.oid } } });
  expect(diffManifests(plain, { manifest: openSimulated(unsigned).manifest }).changes).toMatchObject([
    { refs: [], signers: { added: [], unsigned: ['refs/heads/gone', 'refs/heads/main', 'refs/heads/next'] } },
  ]);
});
