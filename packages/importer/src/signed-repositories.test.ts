import {
  attachList,
  attachSigned,
  type Loose,
  type SimulatedRelease,
  signedCommit,
  simulatedRelease,
  testObject,
  testSshKey,
} from '@gapferry/bundle/testing';
import type { GitObject } from '@gapferry/core';
import { recordCalls } from '@gapferry/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { first, Inside, ITEMS } from './testing/inside.ts';

const REPOSITORY = 'git.example/ops/line-a';
const ADA = signedCommit('ada');
const BOB = signedCommit('bob');
const CAROL = signedCommit('carol');
const NOBODY = testObject('commit', 'tree\n\nhello\n');

let inside: Inside;
let release: SimulatedRelease;
beforeEach(() => {
  inside = new Inside();
  inside.trustFiles.set('signers', 'ada carol');
  demand({});
  release = simulatedRelease(ITEMS);
});

function demand(git: Loose, match = 'git.example/ops/**'): void {
  inside.trust.upstream = [{ match, git: { allowedSigners: 'signers', ...git } }];
}

const item = (): Loose => release.manifest.items.find(({ id }: Loose) => id === REPOSITORY);

/** The collector signs whatever it is given. Of a refusal: its code and message; no target was asked, and nothing is remembered. */
async function outcome(): Promise<{
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}> {
  await inside.carry(release);
  const spied = recordCalls(inside.target);
  const error = await inside.importRelease(first, { targets: new Map([['depot', spied.object]]) }).then(
    () => ({ code: 'imported', message: '' }),
    (thrown: { code: string; message: string }) => thrown,
  );
  if (error.code === 'imported') return error;
  expect(spied.calls).toEqual([]);
  expect(inside.ledger.entries).toEqual([]);
  expect(inside.marks.size).toBe(0);
  return error;
}

describe('a repository whose refs the policy wants signed', () => {
  it('comes in with them, and who signed is told', async () => {
    attachSigned(release, REPOSITORY, { main: ADA, next: ADA });
    expect(await outcome()).toMatchObject({ code: 'imported' });
    inside.marks.clear();
    const refs = ['refs/heads/main', 'refs/heads/next'];
    expect((await inside.verify()).upstream).toEqual([
      {
        item: `git ${REPOSITORY}`,
        match: 'git.example/ops/**',
        checks: [{ by: 'git-ssh', key: testSshKey('ada'), principal: 'ada', refs }],
      },
    ]);
  });

  it('does not come in without them, and the hint says what the outside has to state', async () => {
    expect(await outcome()).toMatchObject({
      code: 'SIGNATURE_MISSING',
      message: expect.stringContaining(`git ${REPOSITORY} does not meet`),
      hint: expect.stringContaining('state "verify"'),
    });
  });

  it.each<[string, GitObject, string]>([
    ['by nobody', NOBODY, 'SIGNATURE_MISSING'],
    ['by somebody else', BOB, 'KEY_UNKNOWN'],
    ['not well', signedCommit('!ada'), 'SIGNATURE_INVALID'],
  ])('does not come in with a ref that is signed %s', async (_, object, code) => {
    attachSigned(release, REPOSITORY, { main: ADA, next: object });
    expect(await outcome()).toMatchObject({ code, message: expect.stringContaining('refs/heads/next') });
  });

  it('does not come in when one of several demands is not met', async () => {
    inside.trustFiles.set('others', 'bob');
    inside.trust.upstream.push({ match: '**', git: { allowedSigners: 'others' } });
    attachSigned(release, REPOSITORY, { main: ADA });
    expect(await outcome()).toMatchObject({
      code: 'KEY_UNKNOWN',
      message: expect.stringContaining('demands of "**"'),
    });
  });

  it('comes in when only other refs are not signed', async () => {
    demand({ refs: ['refs/heads/rel*', 'HEAD'] });
    attachSigned(release, REPOSITORY, { main: ADA, 'rel/1': ADA, work: NOBODY });
    expect(await outcome()).toMatchObject({ code: 'imported' });
  });

  it('comes in when the demand fits no ref, or no repository', async () => {
    demand({ refs: ['refs/tags/*'] });
    expect(await outcome()).toMatchObject({ code: 'imported' });
    inside = new Inside();
    inside.trustFiles.set('signers', 'ada');
    demand({}, 'git.example/other/**');
    expect(await outcome()).toMatchObject({ code: 'imported' });
  });

  it('is matched under the names that a sender could write it with', async () => {
    for (const match of ['GIT.example/ops/*', 'git.example/OPS/Line-A', 'git.example/ops/line-a.git', '**']) {
      inside = new Inside();
      inside.trustFiles.set('signers', 'ada');
      demand({}, match);
      expect(await outcome(), match).toMatchObject({ code: 'SIGNATURE_MISSING' });
    }
  });
});

describe('a sender who would go around the demand', () => {
  it.each(['git.example/ops/line-a.git', 'git.example/OPS/line-a', 'git.example/Ops/Line-A.GIT'])(
    'gains nothing by the name %s, which is the same repository at a host',
    async (id) => {
      demand({}, REPOSITORY);
      const packs = release.packs.items.find((one: Loose) => one.id === REPOSITORY);
      item().id = id;
      packs.id = id;
      expect(await outcome()).toMatchObject({ code: 'SIGNATURE_MISSING' });
    },
  );

  it('gains nothing by not saying which branch is the default', async () => {
    demand({ refs: ['HEAD'] });
    attachSigned(release, REPOSITORY, { main: ADA, next: NOBODY });
    expect(await outcome()).toMatchObject({ code: 'imported' });
    inside = new Inside();
    inside.trustFiles.set('signers', 'ada');
    demand({ refs: ['HEAD'] });
    delete item().head;
    expect(await outcome()).toMatchObject({ code: 'SIGNATURE_MISSING' });
  });
});

describe('signed tags and commits of a release', () => {
  /** Also where no policy demands them: a release that says so of itself must be right. */
  const outcomes = async (): Promise<string[]> => {
    const demanded = (await outcome()).code;
    inside = new Inside();
    return [demanded, (await outcome()).code];
  };

  it.each<[string, () => void]>([
    [
      'of another content than their id',
      () => attachList(release, item(), [{ ...ADA, content: BOB.content }, CAROL]),
    ],
    ['of another kind than their id', () => attachList(release, item(), [{ ...ADA, type: 'tag' }, CAROL])],
    ['of no ref', () => attachList(release, item(), [ADA, CAROL, BOB])],
    ['of another ref than was checked', () => attachList(release, item(), [ADA, BOB])],
    ['of which one is missing', () => attachList(release, item(), [ADA])],
    ['out of their order', () => attachSorted((entries) => entries.reverse())],
    ['that stand there twice', () => attachSorted(([one, two]) => [one, one, two])],
    ['with a member that is not known', () => attachSorted(([one, two]) => [{ ...one, more: 1 }, two])],
    [
      'in another spelling',
      () => attachSorted(([one, two]) => [{ ...one, content: `${one.content}=` }, two]),
    ],
    ['that are none', () => attachSorted(() => [])],
    ['that are a tree', () => attachSorted(([one, two]) => [{ ...one, type: 'tree' }, two])],
  ])('%s are refused, whatever the policy demands', async (_, bend) => {
    attachSigned(release, REPOSITORY, { main: ADA, next: CAROL });
    bend();
    expect(await outcomes()).toEqual(['MANIFEST_INVALID', 'MANIFEST_INVALID']);
  });

  function attachSorted(bend: (entries: Loose[]) => Loose): void {
    attachList(release, item(), [ADA, CAROL], bend);
  }

  it('that would not fit into memory are not opened', async () => {
    attachSigned(release, REPOSITORY, { main: ADA });
    attachList(release, item(), [ADA], () => 'x'.repeat(16_777_217));
    expect(await outcomes()).toEqual(['LIMIT_EXCEEDED', 'LIMIT_EXCEEDED']);
  });

  it.each<[string, (one: Loose) => void]>([
    ['without who signed them', (one) => delete one.checked],
    ['that are named and not there', (one) => delete one.signed],
    ['of a ref that is not there', (one) => one.checked[0].refs.push('refs/heads/zzz')],
    ['by a key that is none', (one) => (one.checked[0].key = 'SHA256:short')],
    ['by two in one', (one) => one.checked.push(one.checked[0])],
    ['of refs out of their order', (one) => one.checked[0].refs.unshift('refs/heads/next')],
    ['that the item does not list', (one) => (one.blobs = [])],
  ])('%s are refused with the manifest', async (_, bend) => {
    attachSigned(release, REPOSITORY, { main: ADA, next: BOB });
    bend(item());
    expect(await outcomes()).toEqual(['MANIFEST_INVALID', 'MANIFEST_INVALID']);
  });
});
