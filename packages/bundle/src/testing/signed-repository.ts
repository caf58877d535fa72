import { createHash } from 'node:crypto';
import {
  GapferryError,
  type GitObject,
  type GitSignatureVerifier,
  type GitSigners,
  type SizedDigest,
} from '@gapferry/core';
import { add, canonical, type Loose, type SimulatedRelease } from './simulated-release.ts';

/** A commit whose last line says who signed it; `!ada`: in ada's name, but not well. */
export function signedCommit(by: string, message = 'hello'): GitObject {
  return testObject('commit', `tree ${'0'.repeat(40)}\n\n${message}\nsigned-by: ${by}\n`);
}

/** A tag or commit with its id, sha1. */
export function testObject(type: GitObject['type'], text: string): GitObject {
  const content = Buffer.from(text);
  const oid = createHash('sha1').update(`${type} ${content.byteLength}\0`).update(content).digest('hex');
  return { oid, type, content };
}

/** What the key of a name is called. */
export function testSshKey(name: string): string {
  return `SHA256:${createHash('sha256').update(name).digest('base64').slice(0, 43)}`;
}

/** Gives a repository of the release a branch for each object, signed by whom its last line says, as a collector notes it: everything of `checked` and `signed` may be bent afterwards. */
export function attachSigned(
  release: SimulatedRelease,
  id: string,
  heads: Readonly<Record<string, GitObject>>,
): void {
  const item = release.manifest.items.find((one: Loose) => one.id === id);
  const branches = Object.entries(heads).map(([name, object]) => ({ name: `refs/heads/${name}`, object }));
  item.refs = branches
    .map(({ name, object }) => ({ name, oid: object.oid }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  item.head = item.refs[0].name;
  const signed = branches.filter(({ object }) => signerOf(object) !== undefined);
  const bySigner = Map.groupBy(signed, ({ object }) => signerOf(object)?.replace('!', '') ?? '');
  item.checked = [...bySigner]
    .map(([name, refs]) => ({
      by: 'git-ssh',
      key: testSshKey(name),
      principal: name,
      refs: refs.map((ref) => ref.name).sort(),
    }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  attachList(
    release,
    item,
    signed.map(({ object }) => object),
  );
}

/** Puts the list of `signed` into the release; `list` bends it. */
export function attachList(
  release: SimulatedRelease,
  item: Loose,
  objects: readonly GitObject[],
  list: (entries: Loose[]) => Loose = (entries) => entries,
): void {
  const entries = [...new Map(objects.map((object) => [object.oid, object])).values()]
    .sort((a, b) => (a.oid < b.oid ? -1 : 1))
    .map(({ oid, type, content }) => ({ oid, type, content: Buffer.from(content).toString('base64') }));
  const blob = add(release.blobs, Buffer.from(canonical(list(entries))).toString());
  const before = item.signed?.digest;
  item.signed = { mediaType: 'application/vnd.gapferry.git.signed.v1+json', ...blob };
  item.blobs = [...item.blobs.filter((digest: string) => digest !== before), blob.digest].sort();
  const table: SizedDigest[] = release.manifest.blobs;
  release.manifest.blobs = [
    ...table.filter(({ digest }) => digest !== before && digest !== blob.digest),
    blob,
  ].sort((a, b) => (a.digest < b.digest ? -1 : 1));
}

/** Believes the last line of an object; `allowedSigners` lists names. */
export function testGitSignatureVerifier(): GitSignatureVerifier {
  return {
    verify: async (object, signers) => {
      const name = signerOf(object);
      if (name === undefined) throw refused('SIGNATURE_MISSING', 'is not signed');
      if (name.startsWith('!')) throw refused('SIGNATURE_INVALID', 'is not signed well');
      if (!namesOf(signers).includes(name)) throw refused('KEY_UNKNOWN', `is signed by ${name}`);
      return { by: 'git-ssh', key: testSshKey(name), principal: name };
    },
  };
}

function signerOf({ content }: GitObject): string | undefined {
  return /\nsigned-by: (\S+)\n$/.exec(Buffer.from(content).toString())?.[1];
}

function namesOf({ allowedSigners }: GitSigners): string[] {
  return Buffer.from(allowedSigners?.content ?? '')
    .toString()
    .split(/\s+/);
}

function refused(
  code: 'SIGNATURE_MISSING' | 'SIGNATURE_INVALID' | 'KEY_UNKNOWN',
  message: string,
): GapferryError {
  return new GapferryError({ code, message });
}
