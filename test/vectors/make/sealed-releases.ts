import { makeContent, manifestBlobs } from './depot-content.ts';
import { digest, newKey, sha256, type ThrowAwayKey } from './openssl.ts';
import { sigstoreBundle } from './sigstore-bundle.ts';
import { sortedJson, type Vector } from './vector.ts';

export const content = makeContent();
export const keys = { collector: newKey(), boris: newKey('ed25519'), old: newKey('p384') };
export const stranger = newKey();
export const DIRECTORY = 'depot/releases/line-a';
export const IMAGE = 'image docker.io/library/hello:1.0';

export const POLICY = `format: gapferry.trust/1
version: 1
keys:
  collector-2026: {file: keys/collector.pub, owner: staging-team}
  boris: {file: keys/boris.pub, owner: boris}
  collector-2024: {file: keys/old.pub, owner: staging-team}
channels:
  line-a:
    allow: {images: ["docker.io/library/**"], charts: ["ghcr.io/org/**"], git: ["git.example.org/ops/**"], files: ["k3s/**"]}
    require:
      - {role: collector, keys: [collector-2026, boris], count: 1}
`;

export function manifestOf(version: string, items: object[] = content.items): string {
  return sortedJson({
    format: 'gapferry.manifest/1',
    bundle: 'line-a',
    version,
    platforms: ['linux/amd64'],
    blobs: manifestBlobs(content),
    items,
  });
}

export const PACKS = sortedJson(content.packs);
export const [FIRST, SECOND] = [manifestOf('1.0.0'), manifestOf('1.1.0')];

export interface Sealed {
  readonly manifest: string;
  readonly packs?: string | undefined;
  readonly predicate?: object;
}

export function statementOf({ manifest, packs = PACKS, predicate = {} }: Sealed): string {
  const subject = [['manifest.json', manifest] as const, ['packs.json', packs] as const].map(
    ([name, bytes]) => ({ name, digest: { sha256: sha256(bytes) } }),
  );
  const said = {
    bundle: 'line-a',
    version: '1.0.0',
    channel: 'line-a',
    sequence: 1,
    previous: null,
    issuedAt: '2026-11-20T09:30:00Z',
    ...predicate,
  };
  return sortedJson({
    _type: 'https://in-toto.io/Statement/v1',
    subject,
    predicateType: 'https://gapferry.dev/release/v1',
    predicate: said,
  });
}

export const FIRST_STATEMENT = statementOf({ manifest: FIRST });
export const SECOND_STATEMENT = statementOf({
  manifest: SECOND,
  predicate: {
    version: '1.1.0',
    sequence: 2,
    previous: digest(FIRST_STATEMENT),
    issuedAt: '2026-11-20T10:30:00Z',
  },
});

export function signed(statement: string, key: ThrowAwayKey = keys.collector): string {
  return JSON.stringify(sigstoreBundle(key, Buffer.from(statement)));
}

/** Files of a release with another statement, signed by the collector. */
export function resealed(predicate: object, sealed: Partial<Sealed> = {}): Record<string, string> {
  const manifest = sealed.manifest ?? FIRST;
  return {
    [`${DIRECTORY}/1/manifest.json`]: manifest,
    [`${DIRECTORY}/1/release.sigstore.json`]: signed(statementOf({ manifest, ...sealed, predicate })),
  };
}

export function oneSubject(manifest: string): Record<string, string> {
  const statement = JSON.parse(statementOf({ manifest })) as { subject: unknown[] };
  statement.subject.pop();
  return {
    [`${DIRECTORY}/1/manifest.json`]: manifest,
    [`${DIRECTORY}/1/release.sigstore.json`]: signed(sortedJson(statement)),
  };
}

export function moved(): Record<string, string> {
  return {
    [`${DIRECTORY}/3/manifest.json`]: FIRST,
    [`${DIRECTORY}/3/packs.json`]: PACKS,
    [`${DIRECTORY}/3/release.sigstore.json`]: signed(FIRST_STATEMENT),
  };
}

export function markOf(statement: string, sequence: number): object {
  return { sequence, statement: digest(statement) };
}

export function pathOf(name: string): string {
  return `depot/blobs/sha256/${name.slice('sha256:'.length)}`;
}

export function bytesOf(name: string): Buffer {
  return Buffer.from(content.blobs.get(name) ?? []);
}

export function flipped(name: string): Buffer {
  const bytes = bytesOf(name);
  bytes.writeUInt8(bytes.readUInt8(bytes.byteLength >> 1) ^ 1, bytes.byteLength >> 1);
  return bytes;
}

export function accepted(name: string, why: string, files: Vector['files'], more: object = {}): Vector {
  return {
    name,
    files,
    expect: { why, accept: true, base: 'good', release: 'line-a/1', mark: { sequence: 0 }, ...more },
  };
}

export function refused(
  name: string,
  why: string,
  files: Vector['files'],
  refuse: string,
  says: readonly string[] = [],
  more: object = {},
): Vector {
  return {
    name,
    files,
    expect: {
      why,
      refuse,
      ...(says.length > 0 && { says }),
      base: 'good',
      release: 'line-a/1',
      mark: { sequence: 0 },
      ...more,
    },
  };
}

/** Every file of the depot that the other cases differ from. */
export function goodFiles(): Record<string, string | Uint8Array> {
  const blobs = [...content.blobs].map(([name, bytes]) => [pathOf(name), bytes] as const);
  const publicKeys = Object.entries(keys).map(([name, key]) => [`keys/${name}.pub`, key.publicPem] as const);
  const release = (number: number, manifest: string, statement: string): Record<string, string> => ({
    [`${DIRECTORY}/${number}/manifest.json`]: manifest,
    [`${DIRECTORY}/${number}/packs.json`]: PACKS,
    [`${DIRECTORY}/${number}/release.sigstore.json`]: signed(statement),
  });
  return {
    'trust.yaml': POLICY,
    ...Object.fromEntries(publicKeys),
    'depot/oci-layout': '{"imageLayoutVersion":"1.0.0"}',
    'depot/index.json': content.indexJson,
    ...Object.fromEntries(blobs),
    ...release(1, FIRST, FIRST_STATEMENT),
    ...release(2, SECOND, SECOND_STATEMENT),
  };
}
