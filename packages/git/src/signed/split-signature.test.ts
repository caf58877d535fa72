import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import type { GitObject } from '@gapferry/core';
import {
  createRepository,
  mustRun,
  runProcess,
  type TemporaryDirectory,
  type TestGitRepository,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SignedPayload, splitSignature } from './split-signature.ts';

const WHO = 'Ada <ada@example.org> 1717243200 +0200';
const PGP = '-----BEGIN PGP SIGNATURE-----\n\niQIzBAABCAAdFiEE\n=abcd\n-----END PGP SIGNATURE-----\n';
const OTHER = PGP.replace('iQIz', 'iQIy');
const ZERO = { sha1: '0'.repeat(40), sha256: '0'.repeat(64) } as const;
type Format = keyof typeof ZERO;

/** As a header of a commit: every line but the first begins with a space. */
const header = (name: string, text = PGP): string => `${name} ${text.trimEnd().replaceAll('\n', '\n ')}\n`;
const commit = (more = '', { format = 'sha1' as Format, body = '\nhello\n', parents = '' } = {}): string =>
  `tree ${ZERO[format]}\n${parents}author ${WHO}\ncommitter ${WHO}\n${more}${body}`;
const tag = (body: string, more = '', format: Format = 'sha1'): string =>
  `object ${ZERO[format]}\ntype commit\ntag v1\ntagger ${WHO}\n${more}${body}`;
const object = (type: GitObject['type'], text: string, format: Format = 'sha1'): GitObject => ({
  oid: ZERO[format],
  type,
  content: Buffer.from(text),
});
const split = (type: GitObject['type'], text: string, format: Format = 'sha1'): SignedPayload | undefined =>
  splitSignature(object(type, text, format));

const MERGED = header('mergetag', `object ${ZERO.sha1}\ntype commit\ntag v0\ntagger ${WHO}\n\nold\n${OTHER}`);

describe('a signature', () => {
  let home: TemporaryDirectory;
  const repositories = new Map<Format, TestGitRepository>();

  beforeAll(async () => {
    home = await temporaryDirectory();
    for (const objectFormat of ['sha1', 'sha256'] as const)
      repositories.set(objectFormat, await createRepository(home.join(objectFormat), [], { objectFormat }));
    // Keeps what git hands to gpg: the signature as a file, the payload on standard input.
    const script = `#!/bin/sh\nfor last; do sig=$before; before=$last; done\ncp "$sig" ${home.join('sig')}\ncat > ${home.join('payload')}\nexit 1\n`;
    await writeFile(home.join('gpg'), script);
    await chmod(home.join('gpg'), 0o755);
  });
  afterAll(() => home[Symbol.asyncDispose]());

  /** What git itself takes for payload and signature; undefined where it asks nobody. */
  const asGit = async (type: GitObject['type'], text: string, format: Format): Promise<unknown> => {
    const path = repositories.get(format)?.path ?? '';
    const settings = ['-C', path, '-c', `gpg.program=${home.join('gpg')}`];
    const write = ['hash-object', '-t', type, '-w', '--stdin', '--literally'];
    const oid = (await mustRun('git', [...settings, ...write], { input: text })).trim();
    for (const name of ['sig', 'payload']) await rm(home.join(name), { force: true });
    await runProcess('git', [...settings, `verify-${type}`, oid]);
    const signature = await readFile(home.join('sig'), 'latin1').catch(() => undefined);
    if (signature === undefined) return undefined;
    return { payload: await readFile(home.join('payload')), signature, seconds: 1_717_243_200 };
  };

  it.each<[string, GitObject['type'], string, Format?]>([
    ['a commit', 'commit', commit(header('gpgsig'))],
    [
      'a commit of a sha256 repository',
      'commit',
      commit(header('gpgsig-sha256'), { format: 'sha256' }),
      'sha256',
    ],
    [
      'a commit with one for each format',
      'commit',
      commit(header('gpgsig') + header('gpgsig-sha256', OTHER)),
    ],
    [
      'a commit with one for each format, the other way round',
      'commit',
      commit(header('gpgsig', OTHER) + header('gpgsig-sha256'), { format: 'sha256' }),
      'sha256',
    ],
    ['a merge of a signed tag', 'commit', commit(MERGED + header('gpgsig'))],
    ['a merge of a signed tag, the signature first', 'commit', commit(header('gpgsig') + MERGED)],
    ['a commit with an encoding', 'commit', commit(`encoding ISO-8859-1\n${header('gpgsig')}`)],
    [
      'a merge',
      'commit',
      commit(header('gpgsig'), { parents: `parent ${'1'.repeat(40)}\nparent ${'2'.repeat(40)}\n` }),
    ],
    ['a commit without a message', 'commit', commit(header('gpgsig'), { body: '\n' })],
    [
      'a commit whose message has another',
      'commit',
      commit(header('gpgsig'), { body: `\nhello\n\n${OTHER}` }),
    ],
    ['a tag', 'tag', tag(`\nv1\n${PGP}`)],
    ['a tag without a message', 'tag', tag(`\n${PGP}`)],
    ['a tag of a sha256 repository', 'tag', tag(`\nv1\n${PGP}`, '', 'sha256'), 'sha256'],
    ['a tag with one for the other format', 'tag', tag(`\nv1\n${PGP}`, header('gpgsig-sha256', OTHER))],
    ['a tag whose message has another before it', 'tag', tag(`\nv1\n${OTHER}more\n${PGP}`)],
    ['a tag with something behind it', 'tag', tag(`\nv1\n${PGP}more\n`)],
    ['a tag in whose message it is indented', 'tag', tag(`\nv1\n ${OTHER}${PGP}`)],
  ])('of %s is split off as git does it', async (_, type, text, format = 'sha1') => {
    expect(split(type, text, format)).toEqual(await asGit(type, text, format));
  });

  it.each<[string, GitObject['type'], string]>([
    ['a plain commit', 'commit', commit()],
    ['a commit with one in its message alone', 'commit', commit('', { body: `\nhello\n${PGP}` })],
    ['a commit with one of the other format alone', 'commit', commit(header('gpgsig-sha256'))],
    ['a merge of a signed tag that is not signed itself', 'commit', commit(MERGED)],
    ['a plain tag', 'tag', tag('\nv1\n')],
    ['a tag with one for the other format alone', 'tag', tag('\nv1\n', header('gpgsig-sha256'))],
    ['a tag in whose message one is indented', 'tag', tag(`\nv1\n ${PGP.replaceAll('\n', '\n ')}`)],
  ])('is not there in %s', async (_, type, text) => {
    expect(split(type, text)).toBeUndefined();
    expect(await asGit(type, text, 'sha1')).toBeUndefined();
  });
});

describe('what git could read in another way than it is signed', () => {
  it.each<[string, GitObject['type'], string, string]>([
    ['two signatures', 'commit', commit(header('gpgsig') + header('gpgsig', OTHER)), 'two signatures'],
    [
      'two signatures with something between',
      'commit',
      commit(`${header('gpgsig')}x y\n${header('gpgsig')}`),
      'two',
    ],
    [
      'two trees',
      'commit',
      commit(header('gpgsig')).replace('author', `tree ${ZERO.sha1}\nauthor`),
      '"tree" twice',
    ],
    [
      'a parent behind its signature',
      'commit',
      commit(`${header('gpgsig')}parent ${ZERO.sha1}\n`),
      'behind others',
    ],
    ['two committers', 'commit', commit(`committer ${WHO}\n${header('gpgsig')}`), '"committer" twice'],
    ['a NUL', 'commit', commit(header('gpgsig'), { body: '\nhello\0more\n' }), 'NUL'],
    ['a NUL among its headers', 'tag', tag(`\nv1\n${PGP}`, 'x \0\n'), 'NUL'],
    ['two objects', 'tag', `object ${ZERO.sha1}\n${tag(`\nv1\n${PGP}`)}`, '"object" twice'],
    ['a tagger twice', 'tag', tag(`\nv1\n${PGP}`, `tagger ${WHO}\n`), '"tagger" twice'],
    ['a signature without a message', 'tag', tag(PGP), 'where headers belong'],
    ['nothing before its first line', 'commit', ` ${commit(header('gpgsig'))}`, 'belongs to nothing'],
  ])('is refused: %s', (_, type, text, why) => {
    expect(() => split(type, text)).toThrow(why);
  });

  it('is no matter of time', () => {
    const long = 'x'.repeat(1_048_576 - 200);
    for (const text of [
      tag(`\n${'-----BEGIN PGP SIGNATURE-----\n'.repeat(30_000)}`),
      tag(`\n${'\n'.repeat(1_000_000)}${PGP}`),
      commit(`gpgsig ${'\n '.repeat(400_000)}\n`),
      commit(header('gpgsig'), { body: `\n${long}` }),
    ])
      expect(split(text.startsWith('tree') ? 'commit' : 'tag', text)?.signature).toBeDefined();
  });

  it.each([
    ['-1 +0000', undefined],
    ['1717243200', undefined],
    ['99999999999999 +0000', undefined],
    ['0 +0000', 0],
    ['1717243200 -0330', 1_717_243_200],
  ])('has the time that git reads from "%s"', (time, seconds) => {
    const text = commit(header('gpgsig')).replaceAll('1717243200 +0200', time);
    expect(split('commit', text)?.seconds).toBe(seconds);
  });
});
