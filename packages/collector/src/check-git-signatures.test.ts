import { parseSignedObjects } from '@gapferry/bundle';
import { signedCommit, testGitSignatureVerifier, testObject, testSshKey } from '@gapferry/bundle/testing';
import {
  digestOf,
  type GitHolding,
  type GitObject,
  type GitRef,
  type GitVerification,
  isGapferryError,
  quietRun,
  readVerified,
} from '@gapferry/core';
import { memoryDepot } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { checkGitSignatures } from './check-git-signatures.ts';

const ADA = signedCommit('ada');
const TAG = testObject('tag', 'object 0\ntype commit\ntag v1\n\nv1\nsigned-by: ada\n');
const BOB = signedCommit('bob');
const NOBODY = testObject('commit', 'tree\n\nhello\n');
const FORGED = signedCommit('!ada');
const TREE = 'c'.repeat(40);

const REFS: Readonly<Record<string, GitObject>> = {
  'refs/heads/main': ADA,
  'refs/heads/work': NOBODY,
  'refs/tags/v1': TAG,
  'refs/tags/v2': BOB,
};

function holdingOf(
  refs: Readonly<Record<string, GitObject | string>>,
  head: string | undefined = 'refs/heads/main',
): GitHolding {
  const pinned: GitRef[] = Object.entries(refs).map(([name, object]) => ({
    name,
    oid: typeof object === 'string' ? object : object.oid,
  }));
  return {
    kind: 'git',
    packs: [],
    pin: {
      kind: 'git',
      id: 'git.example.org/ops/app',
      wish: digestOf('a wish'),
      url: 'https://git.example.org/ops/app',
      objectFormat: 'sha1',
      refs: pinned,
      ...(head !== '' && { head }),
    },
  };
}

interface Checked {
  readonly holding: GitHolding;
  readonly signed: readonly string[];
  readonly asked: string[];
  readonly warnings: string[];
}

/** `head` empty: upstream does not say which branch is the default. */
async function check(
  demanded: readonly GitVerification[],
  refs: Readonly<Record<string, GitObject | string>> = REFS,
  head?: '',
): Promise<Checked> {
  const warnings: string[] = [];
  const depot = memoryDepot();
  const asked: string[] = [];
  const holding = await checkGitSignatures(
    {
      holding: holdingOf(refs, head),
      demanded,
      demands: {
        verifier: testGitSignatureVerifier(),
        signersOf: ({ allowedSigners = '' }) => ({
          allowedSigners: { name: allowedSigners, content: Buffer.from(allowedSigners) },
        }),
      },
      objects: {
        readObjects: async (_pin, oids) => {
          asked.push(...oids);
          const known = Object.values(refs).filter((object) => typeof object !== 'string');
          return [...new Map(known.map((object) => [object.oid, object])).values()]
            .filter(({ oid }) => oids.includes(oid))
            .sort((a, b) => (a.oid < b.oid ? -1 : 1));
        },
      },
      store: depot,
    },
    {
      ...quietRun(),
      emit: (event) => {
        if (event.kind === 'warning') warnings.push(event.message);
      },
    },
  );
  if (holding.signed === undefined) return { holding, signed: [], asked, warnings };
  const bytes = await readVerified(holding.signed, depot.open(holding.signed, quietRun()));
  return { holding, signed: [...parseSignedObjects(bytes, 'signed').keys()], asked, warnings };
}

describe('what bundle.yaml demands of the refs of a repository', () => {
  it('is met by tags and commits, which go into the store', async () => {
    const { holding, signed, asked } = await check([{ allowedSigners: 'ada', refs: ['HEAD', 'v1'] }]);
    expect(holding.checked).toEqual([
      {
        by: 'git-ssh',
        key: testSshKey('ada'),
        principal: 'ada',
        refs: ['refs/heads/main', 'refs/tags/v1'],
      },
    ]);
    expect(signed).toEqual([ADA.oid, TAG.oid].sort());
    expect(asked.sort()).toEqual(signed);
    expect(holding.signed?.mediaType).toBe('application/vnd.gapferry.git.signed.v1+json');
  });

  it('is every pinned ref, unless it names some', async () => {
    await expect(check([{ allowedSigners: 'ada bob' }])).rejects.toMatchObject({
      code: 'SIGNATURE_MISSING',
      message: `refs/heads/work (commit ${NOBODY.oid.slice(0, 12)}) is not signed`,
      hint: expect.stringContaining('"verify"'),
    });
    const { signed } = await check([{ allowedSigners: 'ada bob' }], {
      'refs/heads/main': ADA,
      'refs/tags/v2': BOB,
    });
    expect(signed).toHaveLength(2);
  });

  it('is each demand on its own', async () => {
    const both = [
      { allowedSigners: 'ada', refs: ['main'] },
      { allowedSigners: 'bob', refs: ['v2'] },
    ];
    expect((await check(both)).holding.checked?.map(({ refs }) => refs)).toEqual([
      ['refs/heads/main'],
      ['refs/tags/v2'],
    ]);
    await expect(check([...both, { allowedSigners: 'bob', refs: ['main'] }])).rejects.toMatchObject({
      code: 'KEY_UNKNOWN',
      message: expect.stringContaining('refs/heads/main'),
      hint: expect.stringContaining('add the key to bob'),
    });
  });

  it('is told by the gravest first, with every ref', async () => {
    const failed = await check([{ allowedSigners: 'ada' }], { ...REFS, 'refs/tags/v3': FORGED }).catch(
      (error: unknown) => error,
    );
    expect(isGapferryError(failed, 'SIGNATURE_INVALID') && failed.message.split('; ')).toEqual([
      expect.stringMatching(/^refs\/tags\/v3 .*not signed well/),
      expect.stringMatching(/^refs\/tags\/v2 .*is signed by bob/),
      expect.stringMatching(/^refs\/heads\/work .*is not signed/),
    ]);
  });

  it('is not met by a tag that was signed under another name', async () => {
    await expect(
      check([{ allowedSigners: 'ada' }], { 'refs/tags/v1': TAG, 'refs/tags/v2': TAG }),
    ).rejects.toMatchObject({
      code: 'SIGNATURE_INVALID',
      message: expect.stringMatching(/^refs\/tags\/v2 .* is signed under another name: "v1"$/),
    });
  });

  it('is for no more refs than a manifest can name, however few objects they are', async () => {
    const many = Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [`refs/heads/b${i}`, ADA]));
    await expect(check([{ allowedSigners: 'ada' }], many)).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringContaining('10001 refs'),
    });
    delete many['refs/heads/b0'];
    expect((await check([{ allowedSigners: 'ada' }], many)).signed).toEqual([ADA.oid]);
  });

  it('is not met by what nobody can sign', async () => {
    await expect(check([{ allowedSigners: 'ada' }], { 'refs/tags/tree': TREE })).rejects.toMatchObject({
      code: 'SIGNATURE_MISSING',
      message: expect.stringContaining('neither a tag nor a commit'),
    });
  });

  it('fits a ref that is collected; stated for many repositories it may fit none', async () => {
    await expect(check([{ allowedSigners: 'ada', refs: ['main', 'rel*'] }])).rejects.toMatchObject({
      code: 'SIGNATURE_MISSING',
      message: expect.stringContaining('"rel*"'),
    });
    const { holding } = await check([{ allowedSigners: 'ada', refs: ['rel*'], ifAny: true }]);
    expect(holding).toEqual(holdingOf(REFS));
  });

  it('that fits no ref is told, where it is stated for many repositories', async () => {
    const { warnings } = await check([
      { allowedSigners: 'ada', refs: ['rel\u001b*'], ifAny: true },
      { allowedSigners: 'ada', refs: ['main', 'rel*'], ifAny: true },
    ]);
    expect(warnings).toEqual([expect.stringMatching(/wants rel.* signed and no ref .* fits/)]);
    expect(warnings.join()).not.toContain('\u001b');
  });

  it('is every branch, where the default one is wanted and upstream does not say which that is', async () => {
    const detached = { 'refs/heads/main': ADA, 'refs/heads/work': NOBODY, 'refs/tags/v2': BOB };
    const demand = { allowedSigners: 'ada', refs: ['HEAD'], ifAny: true } as const;
    expect((await check([demand], detached)).signed).toEqual([ADA.oid]);
    await expect(check([demand], detached, '')).rejects.toMatchObject({
      code: 'SIGNATURE_MISSING',
      message: expect.stringMatching(/^refs\/heads\/work/),
    });
  });
});
