import {
  checkRun,
  formatReleaseAddress,
  GapferryError,
  RELEASE_LIMITS,
  type ReleaseAddress,
  type ReleaseFiles,
  type ReleaseReader,
  type ReleaseWriter,
} from '@gapferry/core';

export interface MemoryReleases extends ReleaseReader, ReleaseWriter {
  /** By `channel/sequence`: change an entry to tamper with a release. */
  readonly releases: Map<string, ReleaseFiles>;
}

const CHANNEL = /^[a-z0-9][a-z0-9._-]{0,62}$/;
const SIGNED_FILE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}\.sigstore\.json$/;

/** Releases in memory, with the real store's rules: content is written once, signatures and approvals may join later, limits hold both ways. */
export function memoryReleases(): MemoryReleases {
  const releases = new Map<string, ReleaseFiles>();
  return {
    releases,
    listReleases: async () => [...releases.keys()].map(parseAddress).sort(inOrder),
    readRelease: async (address) => {
      requireAddress(address);
      const files = releases.get(formatReleaseAddress(address));
      if (files === undefined)
        throw new GapferryError({
          code: 'RELEASE_NOT_FOUND',
          message: `there is no release ${formatReleaseAddress(address)}`,
        });
      requireWithinLimits(formatReleaseAddress(address), files);
      return files;
    },
    writeRelease: async (address, files, run) => {
      checkRun(run);
      requireAddress(address);
      const name = formatReleaseAddress(address);
      requireSignedNames(files);
      requireWithinLimits(name, files);
      const merged = merge(name, releases.get(name), files);
      requireWithinLimits(name, merged);
      releases.set(name, merged);
    },
  };
}

function parseAddress(name: string): ReleaseAddress {
  const [channel = '', sequence = ''] = name.split('/');
  return { channel, sequence: Number(sequence) };
}

function inOrder(a: ReleaseAddress, b: ReleaseAddress): number {
  if (a.channel !== b.channel) return a.channel < b.channel ? -1 : 1;
  return a.sequence - b.sequence;
}

function requireAddress({ channel, sequence }: ReleaseAddress): void {
  if (!CHANNEL.test(channel)) throw unsafe(`"${channel}" is not a channel name`);
  if (!Number.isSafeInteger(sequence) || sequence < 1) throw unsafe(`${sequence} is not a sequence number`);
}

function requireSignedNames(files: ReleaseFiles): void {
  for (const name of [...files.signatures.keys(), ...files.approvals.keys()])
    if (!SIGNED_FILE.test(name)) throw unsafe(`"${name}" is not a signature's file name`);
}

function unsafe(message: string): GapferryError {
  return new GapferryError({ code: 'NAME_UNSAFE', message });
}

function requireWithinLimits(name: string, files: ReleaseFiles): void {
  const signed = [...files.signatures.values(), ...files.approvals.values()];
  const tooLarge =
    files.manifest.byteLength > RELEASE_LIMITS.manifest ||
    files.statement.byteLength > RELEASE_LIMITS.statement ||
    (files.packs?.byteLength ?? 0) > RELEASE_LIMITS.packs ||
    files.signatures.size > RELEASE_LIMITS.signatures ||
    files.approvals.size > RELEASE_LIMITS.approvals ||
    signed.some(({ byteLength }) => byteLength > RELEASE_LIMITS.statement);
  if (!tooLarge) return;
  throw new GapferryError({ code: 'LIMIT_EXCEEDED', message: `a file of release ${name} is too large` });
}

function merge(name: string, there: ReleaseFiles | undefined, files: ReleaseFiles): ReleaseFiles {
  if (there === undefined) return files;
  const same = isSame(there.manifest, files.manifest) && isSame(there.statement, files.statement);
  if (!same || !isSame(there.packs, files.packs)) throw rewritten(name);
  return {
    ...there,
    signatures: mergeSigned(name, there.signatures, files.signatures),
    approvals: mergeSigned(name, there.approvals, files.approvals),
  };
}

function mergeSigned(
  release: string,
  there: ReadonlyMap<string, Uint8Array>,
  added: ReadonlyMap<string, Uint8Array>,
): ReadonlyMap<string, Uint8Array> {
  for (const [name, bytes] of added)
    if (there.has(name) && !isSame(there.get(name), bytes)) throw rewritten(release);
  return new Map([...there, ...added]);
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return Buffer.compare(a, b) === 0;
}

function rewritten(name: string): GapferryError {
  return new GapferryError({
    code: 'STORAGE_FAILED',
    message: `release ${name} is there with other content`,
  });
}
