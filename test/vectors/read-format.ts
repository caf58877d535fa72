import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  complete,
  type Mark,
  openRelease,
  parseFileList,
  parseLfsList,
  parseLock,
  parseManifest,
  parseOverride,
  parsePacks,
  parsePlanFile,
  parseReceipt,
  parseRefList,
  parseSignedObjects,
  parseStatement,
  parseTrustPolicy,
  statementDigest,
  type TrustPolicy,
} from '@gapferry/bundle';
import { canonicalJson, parseCanonicalJson, quietRun, type TrustedKey } from '@gapferry/core';
import { openDepot } from '@gapferry/depot';
import { keyVerifier } from '@gapferry/signing';
import type { Expect } from './read-vector.ts';

type Read = (directory: string, expected: Expect) => unknown;

/** How each format is read; each throws as the format's reader does. */
export const READERS: Readonly<Record<string, Read>> = {
  'canonical-json': readCanonicalJson,
  depot: readDepot,
  'file-list': (directory) => parseFileList(bytesIn(directory, 'files.json'), 'kit/', 'files.json'),
  'lfs-list': (directory) => parseLfsList(bytesIn(directory, 'lfs.json'), 'lfs.json'),
  lock: (directory) => parseLock(bytesIn(directory, 'bundle.lock.json'), 'bundle.lock.json'),
  manifest: (directory) => parseManifest(bytesIn(directory, 'manifest.json')),
  override: (directory) => parseOverride(bytesIn(directory, 'override.json')),
  packs: (directory) =>
    parsePacks(bytesIn(directory, 'packs.json'), parseManifest(bytesIn(directory, 'manifest.json'))),
  plan: (directory) => parsePlanFile(bytesIn(directory, 'plan.json'), 'plan.json'),
  receipt: (directory) => parseReceipt(bytesIn(directory, 'receipt.json')),
  'ref-list': (directory) => parseRefList(bytesIn(directory, 'refs.json'), 'refs.json'),
  'signed-objects': (directory) => [
    ...parseSignedObjects(bytesIn(directory, 'signed.json'), 'signed.json').values(),
  ],
  'sigstore-bundle': (directory) =>
    keyVerifier().verify(bytesIn(directory, 'release.sigstore.json'), keysIn(directory)),
  statement: readStatement,
  'trust-policy': readTrustPolicy,
};

/** With `output.json`, the input's canonical form; without, the input must be canonical itself. */
function readCanonicalJson(directory: string): string {
  const limits = { maxBytes: 65_536, maxDepth: 64 };
  const input = bytesIn(directory, 'input.json');
  if (!existsSync(join(directory, 'output.json')))
    return canonicalJson(parseCanonicalJson(input, 'input.json', limits));
  const text = canonicalJson(JSON.parse(input.toString('utf8')));
  const output = bytesIn(directory, 'output.json');
  if (!Buffer.from(text).equals(output)) throw new Error(`canonical form is ${text}`);
  return canonicalJson(parseCanonicalJson(output, 'output.json', limits));
}

function readStatement(directory: string, expected: Expect): unknown {
  const bytes = bytesIn(directory, 'statement.json');
  const statement = parseStatement(bytes);
  if (statementDigest(bytes) !== expected.digest)
    throw new Error(`statement digest is ${statementDigest(bytes)}`);
  return statement;
}

function readTrustPolicy(directory: string, expected: Expect): TrustPolicy {
  const policy = policyIn(directory);
  const unsupported = Object.fromEntries(
    [...policy.channels].map(([name, channel]) => [name, channel.unsupported]),
  );
  if (JSON.stringify(unsupported) !== JSON.stringify(expected.unsupported))
    throw new Error(`unsupported is ${JSON.stringify(unsupported)}`);
  return policy;
}

/** Both gates, as an import passes them. */
async function readDepot(directory: string, expected: Expect): Promise<unknown> {
  const depot = await openDepot(join(directory, 'depot'), { readOnly: true, origin: 'medium' });
  const [channel = '', sequence] = (expected.release ?? '').split('/');
  const address = { channel, sequence: Number(sequence) };
  const opened = openRelease({
    address,
    files: await depot.readRelease(address),
    policy: policyIn(directory),
    verifier: keyVerifier(),
    now: new Date(expected.now ?? '2026-11-21T00:00:00Z'),
    mark: () => (expected.mark ?? { sequence: 0 }) as Mark,
  });
  return complete(opened, await depot.check(opened.blobs, quietRun())).opened;
}

function policyIn(directory: string): TrustPolicy {
  const draft = parseTrustPolicy(bytesIn(directory, 'trust.yaml').toString('utf8'), 'trust.yaml');
  const there = draft.keyFiles.filter((file) => existsSync(join(directory, file)));
  return draft.complete(new Map(there.map((file) => [file, bytesIn(directory, file)])));
}

function keysIn(directory: string): TrustedKey[] {
  return readdirSync(join(directory, 'keys')).map((file) => {
    const id = file.replace(/\.pub$/, '');
    return { id, owner: id, pem: bytesIn(directory, join('keys', file)).toString('utf8') };
  });
}

function bytesIn(directory: string, file: string): Buffer {
  return readFileSync(join(directory, file));
}
